import { runCommand } from './command.mjs';
import { Problem } from './problem.mjs';

const OLDEST = [3, 10];
const NAMES = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python'];

/**
 * The first Python on PATH that is new enough, or the one that VOICEGATE_PYTHON names.
 * @returns the path of its executable and its version, such as `3.11.7`
 */
export async function findPython({ env = process.env, signal } = {}) {
  const named = env.VOICEGATE_PYTHON;
  const tooOld = [];
  for (const name of named ? [named] : NAMES) {
    const { status, stdout } = await runCommand(
      name,
      ['-c', 'import sys; print(sys.executable, *sys.version_info[:3], sep="\\n")'],
      { env, signal, timeoutMs: 20_000 },
    );
    if (status !== 0) continue;
    const [executable, ...version] = stdout.trim().split('\n');
    const [major, minor] = version.map(Number);
    if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]))
      return { executable, version: version.join('.') };
    tooOld.push(`${name} is ${version.join('.')}`);
  }
  const found = tooOld.length > 0 ? tooOld.join(', ') : `none is ${named ? `at VOICEGATE_PYTHON=${named}` : 'on PATH'}`;
  throw new Problem(
    `Voicegate needs Python ${OLDEST.join('.')} or newer, but ${found}: install one (Debian and Ubuntu: sudo apt-get install python3 python3-venv), or name it in VOICEGATE_PYTHON.`,
  );
}
