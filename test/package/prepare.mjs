// Makes what the tests of this folder look at, in .voicegate/package: the file that `npm publish` would upload, the
// Python wheel of the same build, a project with the file and the lowest supported aws-cdk-lib, a Python environment with
// the wheel, a project with the very packages that Python runs, and an environment with checkov. Expects a finished build
// (`npm run build`).
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
import { basename, dirname, join } from 'node:path';
import { runCommand } from '../../local/launch/command.mjs';
import { root } from '../../local/launch/prepare.mjs';
import { findPython } from '../../local/launch/python.mjs';
import { pipInstall } from '../../local/toolchain/pip.mjs';
import { pipInstallByUv, runUv } from '../../local/toolchain/uv.mjs';

const { version, peerDependencies } = packageFile(root);
const folder = join(root, '.voicegate/package');
/** Python of the tools, which has uv. */
const TOOLS = join(root, '.voicegate/venv/bin/python');
/** Exact versions. */
const PYTHON_REQUIREMENTS = join(root, 'test/package/requirements.txt');

function packageFile(directory) {
  return JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
}

async function run(command, args, cwd = root) {
  const { status, output } = await runCommand(command, args, { cwd, timeoutMs: 10 * 60_000 });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${output}`);
}

/** A folder outside of this project, so that nothing of this one's packages is found. */
function elsewhere(name) {
  return mkdtempSync(join(tmpdir(), `voicegate-${name}-`));
}

/** Lays packages down as `npm install` does, which takes six times as long for aws-cdk-lib. */
async function unpack(directory, archives) {
  for (const archive of archives) {
    await run('tar', ['-xzf', archive, '-C', directory]);
    const unpacked = join(directory, 'package');
    const place = join(directory, 'node_modules', packageFile(unpacked).name);
    mkdirSync(dirname(place), { recursive: true });
    renameSync(unpacked, place);
  }
}

/** The same of packages that npm finds, in its cache or in the registry. */
async function unpackByName(directory, names) {
  const fetched = elsewhere('fetched');
  await run('npm', ['pack', '--prefer-offline', '--ignore-scripts', '--loglevel=error', ...names], fetched);
  await unpack(
    directory,
    readdirSync(fetched).map((name) => join(fetched, name)),
  );
  rmSync(fetched, { recursive: true });
}

/** The lowest supported peers, and what aws-cdk-lib needs besides what it brings along. */
async function oldestProject() {
  const directory = elsewhere('oldest');
  await unpack(directory, [file]);
  const peers = Object.entries(peerDependencies).map(([name, range]) => `${name}@${range.replace(/^\^/, '')}`);
  await unpackByName(directory, peers);
  const library = join(directory, 'node_modules/aws-cdk-lib');
  const missing = Object.entries(packageFile(library).dependencies).filter(
    ([name]) => !existsSync(join(library, 'node_modules', name)),
  );
  await unpackByName(
    directory,
    missing.map(([name, range]) => `${name}@${range}`),
  );
  return directory;
}

/** aws-cdk-lib and what it needs as they are inside Python's packages: its assets differ from release to release. */
async function consumer(python) {
  const packages = dirname(python).replace(/bin$/, 'lib');
  const files = readdirSync(packages, { recursive: true }).filter((name) => name.endsWith('.jsii.tgz'));
  const theirs = files.filter((name) => !name.includes('/voicegate/')).map((name) => join(packages, name));
  const directory = elsewhere('consumer');
  await unpack(directory, [file, ...theirs]);
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
      // The file itself instead of another one like it.
      ...['--pack-command', `cp ${JSON.stringify(file)} . && echo ${basename(file)}`, ...more],
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

const [oldest, [python, newer], checkov] = await Promise.all([
  oldestProject(),
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
