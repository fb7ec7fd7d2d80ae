// Makes what the tests of this folder look at, in .voicegate/package: the file that `npm publish` would upload, the
// Python wheel of the same build, an empty project that installed the file with the lowest supported aws-cdk-lib, a
// Python environment with the wheel, a project with the very packages that Python runs, and an environment with checkov.
// Expects a finished build (`npm run build`).
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runCommand } from '../../local/launch/command.mjs';
import { root } from '../../local/launch/prepare.mjs';
import { findPython } from '../../local/launch/python.mjs';
import { pipInstall } from '../../local/toolchain/pip.mjs';
import { pipInstallByUv, runUv } from '../../local/toolchain/uv.mjs';

const { version, peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const folder = join(root, '.voicegate/package');
/** Python of the tools, which has uv. */
const TOOLS = join(root, '.voicegate/venv/bin/python');
/** Exact versions. */
const PYTHON_REQUIREMENTS = join(root, 'test/package/requirements.txt');

async function run(command, args, cwd = root) {
  const { status, output } = await runCommand(command, args, { cwd, timeoutMs: 10 * 60_000 });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${output}`);
}

/** A folder outside of this project, so that nothing of this one's packages is found. */
function elsewhere(name) {
  return mkdtempSync(join(tmpdir(), `voicegate-${name}-`));
}

async function project(name, packages) {
  const directory = elsewhere(name);
  writeFileSync(join(directory, 'package.json'), '{ "private": true }\n');
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline'];
  await run('npm', ['install', ...quiet, ...packages], directory);
  return directory;
}

/**
 * What `npm install` lays down of the file, and of aws-cdk-lib and what it needs as they are inside Python's packages:
 * aws-cdk-lib brings assets of its own, which differ from release to release.
 */
async function consumer(python) {
  const directory = elsewhere('consumer');
  const packages = dirname(python).replace(/bin$/, 'lib');
  const files = readdirSync(packages, { recursive: true }).filter((name) => name.endsWith('.jsii.tgz'));
  const theirs = files.filter((name) => !name.includes('/voicegate/')).map((name) => join(packages, name));
  for (const archive of [file, ...theirs]) {
    await run('tar', ['-xzf', archive, '-C', directory]);
    const unpacked = join(directory, 'package');
    const { name } = JSON.parse(readFileSync(join(unpacked, 'package.json'), 'utf8'));
    const place = join(directory, 'node_modules', name);
    mkdirSync(dirname(place), { recursive: true });
    renameSync(unpacked, place);
  }
  return directory;
}

/** Made of the unpacked file, so that both languages get the same; below this project, where its peers are found. */
async function wheel(file) {
  const unpacked = join(folder, 'unpacked');
  mkdirSync(unpacked);
  await run('tar', ['-xzf', file, '-C', unpacked]);
  const directory = join(root, 'dist/python');
  rmSync(directory, { recursive: true, force: true });
  const pacmak = (...more) =>
    run(join(root, 'node_modules/.bin/jsii-pacmak'), [
      ...['--targets', 'python', '--outdir', directory, '--no-fingerprint'],
      ...['--pack-command', 'npm pack --ignore-scripts', ...more],
      join(unpacked, 'package'),
    ]);
  await pacmak('--code-only');
  const sources = join(directory, 'python');
  // The same wheel as jsii-pacmak's, which makes an environment by pip to build it, in four times uv's time.
  const built = ['build', '--wheel', '--quiet', '--python', TOOLS, '--out-dir', sources, sources];
  if ((await runUv(TOOLS, built)).status !== 0) {
    rmSync(directory, { recursive: true, force: true });
    await pacmak();
  }
  return join(sources, `voicegate-${version}-py3-none-any.whl`);
}

/** A virtual environment with these requirements; it stays from run to run, since the packages are large. */
async function environment(name, requirements) {
  const directory = join(root, '.voicegate', name);
  const stamp = join(directory, 'installed');
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== readFileSync(requirements, 'utf8')) {
    rmSync(directory, { recursive: true, force: true });
    await run((await findPython()).executable, ['-m', 'venv', '--without-pip', directory]);
    await install(join(directory, 'bin/python'), ['-r', requirements]);
    copyFileSync(requirements, stamp);
  }
  return join(directory, 'bin');
}

/** By uv, in a twentieth of pip's time; where it is not to be had, or knows no way, by pip. */
async function install(into, words) {
  if ((await pipInstallByUv(TOOLS, words, { into })).status === 0) return;
  const { status, output } = await pipInstall(TOOLS, words, { into });
  if (status !== 0) throw new Error(`pip install ${words.join(' ')} failed:\n${output}`);
}

const prepared = join(folder, 'prepared.json');
if (existsSync(prepared)) {
  const { consumer, oldest } = JSON.parse(readFileSync(prepared, 'utf8'));
  for (const earlier of [consumer, oldest]) rmSync(earlier, { recursive: true, force: true });
}
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder]);
const file = join(folder, `voicegate-${version}.tgz`);

const lowest = (name) => `${name}@${peerDependencies[name].replace(/^\^/, '')}`;
const [oldest, [python, newer], checkov] = await Promise.all([
  project('oldest', [file, lowest('aws-cdk-lib'), lowest('constructs')]),
  (async () => {
    const package_ = await wheel(file);
    const interpreter = join(await environment('python-cdk', PYTHON_REQUIREMENTS), 'python');
    await install(interpreter, ['--no-deps', '--force-reinstall', package_]);
    return [interpreter, await consumer(interpreter)];
  })(),
  // Its dependencies contradict those of the other tools: an environment of its own.
  (async () => join(await environment('checkov', join(root, 'test/package/requirements-checkov.txt')), 'checkov'))(),
]);
// Sources too: they are compiled against the oldest aws-cdk-lib.
for (const name of ['lib', 'contract']) cpSync(join(root, name), join(oldest, 'source', name), { recursive: true });
writeFileSync(prepared, `${JSON.stringify({ file, consumer: newer, oldest, python, checkov })}\n`);
