import { spawn } from 'node:child_process';

const OUTPUT_KEPT = 64 * 1024;

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();

// Whatever way this process ends by itself, what it started ends too.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/**
 * Runs a program to its end. Never rejects for a program that fails: `status` tells, and `output` holds the last 64 KiB
 * of what it printed, `stdout` that of its standard output alone. A program that could not be started has the status
 * `null` and the system's reason in `errorCode`, such as `ENOENT`.
 */
export function runCommand(command, args, options = {}) {
  // Given always: from Node 26 on a child without one gets the system's environment instead of `process.env`.
  const { cwd, env = process.env, timeoutMs = 10 * 60_000, signal, onLine } = options;
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve({ status: null, output: 'stopped', stdout: '' });
      return;
    }
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    let output = '';
    let rest = '';
    let killTimer;
    const end = (reason) => {
      output += `\n${reason}`;
      child.kill('SIGTERM');
      killTimer ??= setTimeout(() => child.kill('SIGKILL'), 2000);
    };
    const onAbort = () => end('stopped');
    const timer = setTimeout(() => end(`took longer than ${timeoutMs / 1000} s`), timeoutMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    const take = (chunk) => {
      output = (output + chunk).slice(-OUTPUT_KEPT);
      const lines = (rest + chunk).split('\n');
      rest = (lines.pop() ?? '').slice(-4096);
      if (onLine) for (const line of lines) onLine(line);
    };
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      stdout = (stdout + chunk).slice(-OUTPUT_KEPT);
      take(chunk);
    });
    child.stderr.setEncoding('utf8').on('data', take);
    let failure;
    child.on('error', (error) => {
      failure = error;
    });
    child.on('close', (status) => {
      running.delete(child);
      clearTimeout(timer);
      clearTimeout(killTimer);
      signal?.removeEventListener('abort', onAbort);
      if (rest && onLine) onLine(rest);
      if (failure) resolve({ status: null, output: failure.message, stdout: '', errorCode: failure.code });
      else resolve({ status, output, stdout });
    });
  });
}

/** Whether the output of a package manager says that it could not reach its registry. */
export function saysNoNetwork(output) {
  return /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|NewConnectionError|NameResolutionError|ConnectTimeout|Max retries exceeded|Temporary failure|Could not resolve|Could not connect|Connection refused|Connection timed out|Network is unreachable/.test(
    output,
  );
}
