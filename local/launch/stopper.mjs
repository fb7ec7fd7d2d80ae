const CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };
const PARENT_EVERY = 1000;

/**
 * Turns signals into one AbortSignal: the first asks to stop, a second of them ends this process at once (handlers of
 * `exit` then kill what it started). Under npm it also stops when npm is gone, which no signal tells.
 */
export function createStopper({ onStop, env = process.env }) {
  const controller = new AbortController();
  let code = 0;
  const stop = (why, exitCode) => {
    if (controller.signal.aborted) process.exit(exitCode);
    code = exitCode;
    onStop(why);
    controller.abort(new Error(`stopped by ${why}`));
  };
  for (const [name, exitCode] of Object.entries(CODES)) process.on(name, () => stop(name, exitCode));

  // Nobody reads any more, as after `npm start | head`: the errors of later lines are the same news.
  const onBroken = () => {
    if (!controller.signal.aborted) stop('a closed output', CODES.SIGHUP);
  };
  for (const stream of [process.stdout, process.stderr]) stream.on('error', onBroken);

  const parent = process.ppid;
  if (env.npm_lifecycle_event) {
    setInterval(() => {
      if (process.ppid !== parent && !controller.signal.aborted) stop('npm is gone', CODES.SIGTERM);
    }, PARENT_EVERY).unref();
  }
  return { signal: controller.signal, exitCode: () => code };
}
