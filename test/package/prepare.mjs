// Makes what the tests of this folder look at, in .voicegate/package: the file that `npm publish` would upload, the
// Python wheel of the same build, an empty project that installed the file, one that installed it with the lowest
// supported aws-cdk-lib, a Python environment with the wheel, and one with checkov. Expects a finished build (`npm run build`).
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../../local/launch/command.mjs';
import { root } from '../../local/launch/prepare.mjs';
import { findPython } from '../../local/launch/python.mjs';
import { pipInstall } from '../../local/toolchain/pip.mjs';
import { pipInstallByUv } from '../../local/toolchain/uv.mjs';

const { version, peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const folder = join(root, '.voicegate/package');
/** Python of the tools, which has uv. */
const TOOLS = join(root, '.voicegate/venv/bin/python');
/** Exact versions; aws-cdk-lib comes to PyPI some days after npm. */
const PYTHON_REQUIREMENTS = join(root, 'test/package/requirements.txt');

async function run(command, args, cwd = root) {
  const { status, output } = await runCommand(command, args, { cwd, timeoutMs: 10 * 60_000 });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${output}`);
}

/** A project outside of this one, so that nothing of this one's packages is found. */
async function project(name, packages) {
  const directory = mkdtempSync(join(tmpdir(), `voicegate-${name}-`));
  writeFileSync(join(directory, 'package.json'), '{ "private": true }\n');
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline'];
  await run('npm', ['install', ...quiet, ...packages], directory);
  return directory;
}

/** Made of the unpacked file, so that both languages get the same; below this project, where its peers are found. */
async function wheel(file) {
  const unpacked = join(folder, 'unpacked');
  mkdirSync(unpacked);
  await run('tar', ['-xzf', file, '-C', unpacked]);
  const directory = join(root, 'dist/python');
  rmSync(directory, { recursive: true, force: true });
  await run(join(root, 'node_modules/.bin/jsii-pacmak'), [
    ...['--targets', 'python', '--outdir', directory, '--no-fingerprint'],
    ...['--pack-command', 'npm pack --ignore-scripts'],
    join(unpacked, 'package'),
  ]);
  return join(directory, 'python', `voicegate-${version}-py3-none-any.whl`);
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
/** The version that Python has: aws-cdk-lib brings assets of its own, which differ from release to release. */
const pinned = (name) => {
  const [, version] = new RegExp(`^${name}==(.+)$`, 'm').exec(readFileSync(PYTHON_REQUIREMENTS, 'utf8'));
  return `${name}@${version}`;
};
const [consumer, oldest, python, checkov] = await Promise.all([
  project('consumer', [file, pinned('aws-cdk-lib'), pinned('constructs')]),
  project('oldest', [file, lowest('aws-cdk-lib'), lowest('constructs')]),
  (async () => {
    const package_ = await wheel(file);
    const interpreter = join(await environment('python-cdk', PYTHON_REQUIREMENTS), 'python');
    await install(interpreter, ['--no-deps', '--force-reinstall', package_]);
    return interpreter;
  })(),
  // Its dependencies contradict those of the other tools: an environment of its own.
  (async () => join(await environment('checkov', join(root, 'test/package/requirements-checkov.txt')), 'checkov'))(),
]);
// Sources too: they are compiled against the oldest aws-cdk-lib.
for (const name of ['lib', 'contract']) cpSync(join(root, name), join(oldest, 'source', name), { recursive: true });
writeFileSync(prepared, `${JSON.stringify({ file, consumer, oldest, python, checkov })}\n`);
