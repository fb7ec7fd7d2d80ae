import { type ExecFileException, execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { MAKE_ENVIRONMENT } from '../../../toolchain/python.mjs';
import { CannotRun } from './step.js';

/** One `pip install` of a Dockerfile. */
export interface Installation {
  /** What follows `pip install`. */
  readonly args: readonly string[];
  /** Where it runs: relative paths among the arguments start there. */
  readonly directory: string;
  /** Where an absolute path among the arguments lies. */
  readonly locate: (path: string) => string;
}

export interface Watch {
  readonly onProgress: (text: string) => void;
  /** Ends an installation under way. */
  readonly signal: AbortSignal;
}

const INSTALL_MILLISECONDS = 600_000;
const MARKER = 'requirements.sha256';

/** Prints `no` unless every line is `name==version` (with hashes or a marker) and, where it applies, installed so. */
const CHECK = `
import importlib.metadata, sys
try:
    from pip._vendor.packaging.requirements import InvalidRequirement, Requirement
except ImportError:
    sys.exit(print('no'))
for line in sys.stdin.read().replace('\\\\\\n', ' ').splitlines():
    line = line.split('#')[0].split('--hash=')[0].strip()
    if not line: continue
    try:
        wanted = Requirement(line)
        if wanted.marker and not wanted.marker.evaluate(): continue
        pins = [each.version for each in wanted.specifier if each.operator == '==']
        if pins != [importlib.metadata.version(wanted.name)] or len(wanted.specifier) != 1: sys.exit(print('no'))
    except (InvalidRequirement, importlib.metadata.PackageNotFoundError):
        sys.exit(print('no'))
print('yes')
`;

/** Options of `pip install` whose value is a file with lines that count as packages. */
const FILE_OPTION = /^(?:-r|--requirement|-c|--constraint)(?:=(.+))?$/;
/** Options that change how, not what it installs. */
const NEUTRAL =
  /^(?:-[qUv]+|--(?:disable-pip-version-check|upgrade|quiet|no-compile|require-hashes|only-binary=.*|root-user-action=.*))$/;

const running = new Map<string, Promise<string>>();

/**
 * A Python whose environment has what an image's Dockerfile installs: the given one if it already has exactly that;
 * otherwise a virtual environment beside it, made once for these packages. The given environment also runs the emulator,
 * so another image's packages are never installed into it. `context` names the content of the image's folder: packages
 * may be installed from it.
 */
export async function ensurePythonWith(
  python: string,
  installations: readonly Installation[],
  context: string,
  watch: Watch,
): Promise<string> {
  const wanted = installations.map(read);
  if (wanted.every(({ lines, simple }) => simple && lines.join('').trim() === '')) return python;
  const local = wanted.some((one) => one.local) ? context : '';
  const hash = createHash('sha256')
    .update(JSON.stringify([wanted, local]))
    .digest('hex');
  const key = `${python} ${hash}`;
  // Several tasks may start at once; one of them installs.
  const promise =
    running.get(key) ?? ensure(python, installations, wanted, hash, watch).finally(() => running.delete(key));
  running.set(key, promise);
  return promise;
}

interface Wanted {
  readonly args: readonly string[];
  /** What it asks for: packages and the lines of files. */
  readonly lines: readonly string[];
  /** Whether `lines` says it all. */
  readonly simple: boolean;
  /** Whether it installs what lies in the folder. */
  readonly local: boolean;
}

function read({ args, directory, locate }: Installation): Wanted {
  const lines: string[] = [];
  let simple = true;
  let local = false;
  for (let i = 0; i < args.length; i += 1) {
    const word = args[i] ?? '';
    const option = FILE_OPTION.exec(word) ?? /^(?:-r|-c)(.+)$/.exec(word);
    if (option !== null) {
      const file = resolve(directory, locate(option[1] ?? args[++i] ?? ''));
      if (!existsSync(file)) throw new CannotRun(`${file} does not exist, but the Dockerfile installs it`);
      lines.push(...readFileSync(file, 'utf8').split('\n'));
    } else if (word.startsWith('-')) {
      simple &&= NEUTRAL.test(word);
    } else if (/^[./]|\.(?:whl|zip|tar\.gz)$/.test(word)) {
      local = true;
      simple = false;
    } else lines.push(word);
  }
  return { args, lines, simple, local };
}

async function ensure(
  python: string,
  installations: readonly Installation[],
  wanted: readonly Wanted[],
  hash: string,
  { onProgress, signal }: Watch,
): Promise<string> {
  const lines = wanted.flatMap((one) => one.lines).join('\n');
  if (
    wanted.every(({ simple }) => simple) &&
    (await run(python, ['-c', CHECK], signal, { input: lines })).trim() === 'yes'
  ) {
    return python;
  }
  const folder = join(dirname(dirname(python)), '..', `venv-image-${hash.slice(0, 12)}`);
  const own = join(folder, 'bin', 'python');
  const marker = join(folder, MARKER);
  if (existsSync(own) && existsSync(marker) && readFileSync(marker, 'utf8') === hash) return own;

  const started = Date.now();
  const tell = (text: string): void => onProgress(`${text} (${Math.round((Date.now() - started) / 1000)} s)`);
  onProgress('installing the Python packages of the image');
  const timer = setInterval(() => tell('installing the Python packages of the image'), 2000);
  try {
    await rm(folder, { recursive: true, force: true });
    // What an image of Python has: setuptools too, as long as Python brought it.
    await run(python, [MAKE_ENVIRONMENT, folder, 'pip', 'setuptools'], signal);
    const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input'];
    for (const { args, directory, locate } of installations) {
      await run(own, [...install, ...args.map(locate)], signal, { cwd: directory });
    }
    await writeFile(marker, hash);
    tell('installed the Python packages of the image');
    return own;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  } finally {
    clearInterval(timer);
  }
}

function run(
  file: string,
  args: readonly string[],
  signal: AbortSignal,
  { input = '', cwd }: { readonly input?: string; readonly cwd?: string } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      file,
      [...args],
      { timeout: INSTALL_MILLISECONDS, signal, encoding: 'utf8', cwd },
      (error: ExecFileException | null, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else {
          const last = stderr.trim().split('\n').slice(-3).join(' | ');
          const why = error.killed ? `took more than ${INSTALL_MILLISECONDS / 1000} s` : last || error.message;
          reject(new Error(`could not install the Python packages of the image: ${why}`));
        }
      },
    );
    child.stdin?.on('error', () => {
      // The exit code tells.
    });
    child.stdin?.end(input);
  });
}
