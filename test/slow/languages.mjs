// The library in Java, Go and .NET, as jsii generates it from the packed file: a small app in Java and one in Go must
// synthesize the template of the same app in TypeScript, .NET must compile. Expects a finished build (`npm run build`).
// Modules come from Maven Central and the Go proxy into .voicegate/languages, where they stay.
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { runCommand } from '../../local/launch/command.mjs';
import { root } from '../../local/launch/prepare.mjs';

const folder = join(root, '.voicegate/languages');
const MINUTES = 60_000;
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const ZONES = {
  'availability-zones:account=111122223333:region=eu-west-1': ['eu-west-1a', 'eu-west-1b'],
  // It would take minutes each, and the tests of the whole app run it.
  '@aws-cdk/core:validateAgainstDefaultRules': false,
};

async function run(command, args, cwd, env = {}) {
  const { status, output } = await runCommand(command, args, {
    cwd,
    env: { ...process.env, ...env },
    timeoutMs: 30 * MINUTES,
  });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${output}`);
}

/** Runs an app as the CDK toolkit does, and returns its template. */
async function synthesize(command, args, cwd, env = {}) {
  const outdir = mkdtempSync(join(tmpdir(), 'voicegate-language-'));
  try {
    await run(command, args, cwd, {
      ...env,
      CDK_OUTDIR: outdir,
      CDK_DEFAULT_ACCOUNT: '111122223333',
      CDK_DEFAULT_REGION: 'eu-west-1',
      CDK_CONTEXT_JSON: JSON.stringify(ZONES),
    });
    return JSON.parse(readFileSync(join(outdir, 'Speech.template.json'), 'utf8'));
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

/** What differs between releases of aws-cdk-lib, which come to each language on days of their own: assets and metadata. */
function comparable(template) {
  const text = JSON.stringify(template, (key, value) =>
    key === 'Metadata' || key === 'Parameters' ? undefined : value,
  );
  return JSON.parse(text.replace(/\b[0-9a-f]{64}\b/g, 'ASSET'));
}

function compare(language, found, wanted) {
  const [one, other] = [found, wanted].map(comparable);
  const names = new Set([...Object.keys(one.Resources), ...Object.keys(other.Resources)]);
  const different = [...names].filter((name) => !isDeepStrictEqual(one.Resources[name], other.Resources[name]));
  if (different.length > 0) {
    throw new Error(`the template from ${language} differs from that of TypeScript in ${different.join(', ')}`);
  }
  console.log(`${language}: the same template, ${names.size} resources`);
}

/** Whether a program is there. Under CI it must be. */
async function has(program, args, language) {
  const { status } = await runCommand(program, args, { timeoutMs: MINUTES });
  if (status === 0) return true;
  if (process.env.CI === 'true') throw new Error(`${program} is missing, which ${language} needs`);
  console.log(`${language}: skipped, ${program} is not here`);
  return false;
}

async function generate() {
  for (const part of ['generated', 'unpacked', 'typescript', 'java', 'go'])
    rmSync(join(folder, part), { recursive: true, force: true });
  const unpacked = join(folder, 'unpacked');
  mkdirSync(unpacked, { recursive: true });
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], root);
  await run('tar', ['-xzf', join(folder, `voicegate-${version}.tgz`), '-C', unpacked], root);
  const generated = join(folder, 'generated');
  await run(
    join(root, 'node_modules/.bin/jsii-pacmak'),
    [
      ...['--targets', 'java', 'go', 'dotnet', '--code-only', '--no-fingerprint', '--outdir', generated],
      ...['--pack-command', 'npm pack --ignore-scripts'],
      join(unpacked, 'package'),
    ],
    root,
  );
  for (const target of ['java', 'go', 'dotnet']) {
    if (!existsSync(join(generated, target))) throw new Error(`jsii-pacmak generated nothing for ${target}`);
  }
  return generated;
}

/** The template from the very file of which the others are made. */
async function typescript() {
  const app = join(folder, 'typescript');
  mkdirSync(join(app, 'node_modules'), { recursive: true });
  symlinkSync(join(folder, 'unpacked/package'), join(app, 'node_modules/voicegate'));
  cpSync(join(root, 'examples/default/app.ts'), join(app, 'app.ts'));
  return synthesize(join(root, 'node_modules/.bin/tsx'), ['app.ts'], app);
}

async function java(generated, wanted) {
  if (!(await has('mvn', ['-v'], 'Java')) || !(await has('javac', ['-version'], 'Java'))) return;
  const repository = `-Dmaven.repo.local=${join(folder, 'm2')}`;
  const quiet = ['-q', '-B', '-Dmaven.javadoc.skip=true', '-Dmaven.source.skip=true', '-Dgpg.skip=true', repository];
  await run('mvn', [...quiet, 'install'], join(generated, 'java'));
  const app = join(folder, 'java');
  cpSync(join(root, 'examples/java'), app, { recursive: true });
  compare('Java', await synthesize('mvn', [...quiet, 'compile', 'exec:java'], app), wanted);
}

async function go(generated, wanted) {
  if (!(await has('go', ['version'], 'Go'))) return;
  const module = join(generated, 'go', 'voicegate');
  const app = join(folder, 'go');
  cpSync(join(root, 'examples/go'), app, { recursive: true });
  const env = { GOFLAGS: '-mod=mod', GOTOOLCHAIN: 'local' };
  await run('go', ['mod', 'edit', `-replace=github.com/voicegate/voicegate-go/voicegate=${module}`], app, env);
  await run('go', ['mod', 'tidy'], app, env);
  compare('Go', await synthesize('go', ['run', '.'], app, env), wanted);
}

async function dotnet(generated) {
  if (!(await has('dotnet', ['--version'], '.NET'))) return;
  const folders = readdirSync(join(generated, 'dotnet'), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  for (const { name } of folders) await run('dotnet', ['build', '-v', 'quiet'], join(generated, 'dotnet', name));
  console.log('.NET: compiled');
}

const generated = await generate();
writeFileSync(join(folder, '.gitignore'), '*\n');
const wanted = await typescript();
const only = process.argv[2];
if (only === undefined || only === 'go') await go(generated, wanted);
if (only === undefined || only === 'java') await java(generated, wanted);
if (only === undefined || only === 'dotnet') await dotnet(generated);
