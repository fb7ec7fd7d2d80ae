import { type ExecFileException, execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** What a Dockerfile asks pip for. */
export interface Requirements {
  readonly files: readonly string[];
  readonly packages: readonly string[];
}

export interface Watch {
  readonly onProgress: (text: string) => void;
  /** Ends an installation under way. */
  readonly signal: AbortSignal;
}

const INSTALL_MILLISECONDS = 600_000;
const CHECK_MILLISECONDS = 20_000;
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

const running = new Map<string, Promise<string>>();

/**
 * A Python whose environment has what an image's Dockerfile installs: the given one if it already has exactly that;
 * otherwise a virtual environment beside it, made once for these requirements. The given environment also runs the
 * emulator, so another image's packages are never installed into it.
 */
export function ensurePythonWith(python: string, requirements: Requirements, watch: Watch): Promise<string> {
  const missing = requirements.files.find((file) => !existsSync(file));
  if (missing !== undefined)
    return Promise.reject(new Error(`${missing} does not exist, but the Dockerfile installs it`));
  const wanted = [...requirements.files.map((file) => readFileSync(file, 'utf8')), ...requirements.packages].join('\n');
  const hash = createHash('sha256').update(wanted).digest('hex');
  const key = `${python} ${hash}`;
  // Several tasks may start at once; one of them installs.
  const promise =
    running.get(key) ?? ensure(python, requirements, wanted, hash, watch).finally(() => running.delete(key));
  running.set(key, promise);
  return promise;
}

async function ensure(
  python: string,
  requirements: Requirements,
  wanted: string,
  hash: string,
  { onProgress, signal }: Watch,
): Promise<string> {
  if (wanted.trim() === '') return python;
  if ((await run(python, ['-c', CHECK], CHECK_MILLISECONDS, signal, wanted)).trim() === 'yes') return python;
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
    await run(python, ['-m', 'venv', folder], INSTALL_MILLISECONDS, signal);
    const files = requirements.files.flatMap((file) => ['--requirement', file]);
    const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input'];
    await run(own, [...install, ...files, ...requirements.packages], INSTALL_MILLISECONDS, signal);
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

function run(file: string, args: readonly string[], timeout: number, signal: AbortSignal, input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      file,
      [...args],
      { timeout, signal, encoding: 'utf8' },
      (error: ExecFileException | null, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else {
          const last = stderr.trim().split('\n').slice(-3).join(' | ');
          const why = error.killed ? `took more than ${timeout / 1000} s` : last || error.message;
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
