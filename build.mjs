// Builds what the package ships. `node build.mjs bundles` makes only the esbuild bundles (what synth needs);
// without arguments also the jsii assembly (what consumers of the package import).
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('.', import.meta.url));

const lambda = (name) => ({
  entryPoints: [join(root, `lambda/${name}/index.ts`)],
  outfile: join(root, `dist/lambda/${name}/index.mjs`),
  format: 'esm',
  platform: 'node',
  target: 'node20',
  // Packages that still call require() at run time find one in an ES module only if we make it.
  ...(name === 'certificate' || name === 'acme-order'
    ? { banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" } }
    : {}),
});

const bundles = [
  lambda('authorizer'),
  lambda('certificate'),
  lambda('acme-order'),
  lambda('acme-challenge'),
  {
    entryPoints: [join(root, 'gate/host/main.ts')],
    outfile: join(root, 'dist/gate/program.js'),
    format: 'esm',
    platform: 'neutral',
    target: 'es2023',
    external: ['crypto', 'fs', 'querystring', 'zlib', 'xml'],
    charset: 'utf8',
  },
  {
    entryPoints: [join(root, 'gate/pack.ts')],
    outfile: join(root, 'dist/gate/pack.js'),
    format: 'cjs',
    platform: 'node',
    target: 'node20',
  },
  {
    entryPoints: [join(root, 'bin/cli.ts')],
    outfile: join(root, 'dist/cli.js'),
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    minify: false,
  },
];

export async function buildBundles() {
  const common = { bundle: true, minify: true, logLevel: 'warning', write: false };
  const built = await Promise.all(bundles.map((options) => build({ ...common, ...options })));
  for (const { path, contents } of built.flatMap(({ outputFiles }) => outputFiles)) put(path, contents);
  // The gate's configuration and scripts are templates that it fills in.
  const templates = join(root, 'gate/container');
  for (const name of readdirSync(templates))
    put(join(root, 'dist/gate/container', name), readFileSync(join(templates, name)));
  chmodSync(join(root, 'dist/cli.js'), 0o755);
}

/** Whole or not at all: another start, or a deployment, may be reading the file. */
function put(path, contents) {
  if (existsSync(path) && readFileSync(path).equals(contents)) return;
  mkdirSync(dirname(path), { recursive: true });
  const fresh = `${path}.${process.pid}`;
  writeFileSync(fresh, contents);
  renameSync(fresh, path);
}

function buildLibrary() {
  rmSync(join(root, '.jsii'), { force: true });
  const jsii = join(root, 'node_modules/.bin/jsii');
  const { status, error } = spawnSync(
    jsii,
    [
      '--silence-warnings=reserved-word',
      // The lowest supported versions are peers; tests compile against them, and everything else uses recent ones.
      '--silence-warnings=metadata/missing-dev-dependency',
      ...['--generate-tsconfig', 'tsconfig.jsii.json'],
    ],
    { cwd: root, stdio: 'inherit' },
  );
  if (error) throw error;
  if (status !== 0) throw new Error(`jsii ended with exit code ${status}; its messages above say why`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [what, ...rest] = process.argv.slice(2);
  if (rest.length > 0 || (what !== undefined && what !== 'bundles')) {
    console.error(`build.mjs: unknown argument "${[what, ...rest].join(' ')}"; allowed: nothing, or "bundles"`);
    process.exit(2);
  }
  await buildBundles();
  if (what === undefined) buildLibrary();
}
