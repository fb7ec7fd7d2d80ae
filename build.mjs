// Builds what the package ships, the app of cdk.json and the local cloud. `node build.mjs bundles` makes only the
// esbuild bundles (what synth and `npm start` need); without arguments also the jsii assembly (what consumers import).
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('.', import.meta.url));
/** What decides about every bundle besides its code. */
const SETTINGS = ['build.mjs', 'package.json', 'package-lock.json', 'tsconfig.json'];

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
  {
    // Compiled at each synthesis, as by tsx, the app needs twice the CPU time; the CDK itself stays outside.
    entryPoints: [join(root, 'bin/voicegate.ts')],
    outfile: join(root, 'dist/app.js'),
    packages: 'external',
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    minify: false,
    sourcemap: 'linked',
  },
  {
    // As the app: tsx would add a second to each `npm start`. What installs comes first, and is JavaScript already.
    entryPoints: [join(root, 'local/main.ts')],
    outfile: join(root, 'dist/local.mjs'),
    packages: 'external',
    external: [join(root, 'local/launch/*'), join(root, 'local/toolchain/*')],
    format: 'esm',
    platform: 'node',
    target: 'node20',
    minify: false,
    sourcemap: 'linked',
  },
];
/** What was made of what. */
const record = join(root, 'dist/bundles.json');

export async function buildBundles() {
  if (isFresh()) return;
  const { build } = await import('esbuild');
  const common = { bundle: true, minify: true, logLevel: 'warning', write: false, metafile: true, absWorkingDir: root };
  const built = await Promise.all(bundles.map((options) => build({ ...common, ...options })));
  const files = built.flatMap(({ outputFiles }) => outputFiles);
  // The gate's configuration and scripts are templates that it fills in.
  const templates = readdirSync(join(root, 'gate/container')).map((name) => `gate/container/${name}`);
  for (const name of templates)
    files.push({ path: join(root, 'dist', name), contents: readFileSync(join(root, name)) });
  for (const { path, contents } of files) put(path, contents);
  const inputs = built.flatMap(({ metafile }) => Object.keys(metafile.inputs));
  // Packages are those of the lock file.
  const own = inputs.filter((name) => !name.includes('node_modules/'));
  const names = new Set([...SETTINGS, ...own, ...templates, ...files.map(({ path }) => relative(root, path))]);
  const digests = Object.fromEntries([...names].map((name) => [name, digest(name)]));
  put(record, Buffer.from(JSON.stringify(digests)));
}

/** Whether nothing has changed since: neither what bundles are made of, nor they. */
export function isFresh() {
  try {
    const digests = Object.entries(JSON.parse(readFileSync(record, 'utf8')));
    return digests.every(([name, was]) => digest(name) === was);
  } catch {
    return false;
  }
}

function digest(name) {
  return createHash('sha256')
    .update(readFileSync(join(root, name)))
    .digest('base64');
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
