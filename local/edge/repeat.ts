export interface Repeated {
  /** Runs the step now, or right after the one that is running: what was changed meanwhile may be too late for that. */
  atOnce(): void;
  /** Settles when no step is running, and none will. */
  stop(): Promise<void>;
}

/**
 * Runs a step again and again; a step that fails (AWS restarts, a resource is just being deleted) is tried later.
 * @param pause milliseconds between the end of a step and the next, and before the first
 */
export function repeat(step: () => Promise<void>, pause: number): Repeated {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  let asked = false;
  const later = () => {
    if (!stopped) timer = setTimeout(run, asked ? 0 : pause);
    asked = false;
  };
  const run = () => {
    timer = undefined;
    running = step()
      .catch(() => undefined)
      .then(later);
  };
  later();
  return {
    atOnce() {
      asked = true;
      if (timer === undefined) return;
      clearTimeout(timer);
      later();
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
