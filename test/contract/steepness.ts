/** Linear is 4 and less, since part of it costs the same at any length; quadratic is 16. */
export const TOO_STEEP = 8;
/** Milliseconds after which nothing is tried once more, and how often it is tried even so. */
const ENOUGH = 8_000;
const TRIES = 12;

/** In milliseconds. */
type Clock = () => number;

/** Runs whoever has the CPU. */
const passed: Clock = () => performance.now();

/**
 * For what computes in this process: where a dozen others want the same two cores, what lasts longer than a time slice
 * is interrupted at every try, and what is shorter at none.
 */
export const computed: Clock = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/**
 * How many times as long something takes with four times the length: of several tries the fastest, since a busy machine
 * only ever adds.
 */
export async function steepness(length: number, run: (length: number) => unknown, clock = passed): Promise<number> {
  const began = performance.now();
  const fastest = { short: Number.POSITIVE_INFINITY, long: Number.POSITIVE_INFINITY };
  for (let round = 0; round < 60; round++) {
    fastest.short = Math.min(fastest.short, await took(() => run(length), clock));
    fastest.long = Math.min(fastest.long, await took(() => run(4 * length), clock));
    const steep = fastest.long / fastest.short;
    if (round > 0 && steep < TOO_STEEP / 2) break;
    if (round >= TRIES && performance.now() - began > ENOUGH) break;
  }
  return fastest.long / fastest.short;
}

async function took(run: () => unknown, clock: Clock): Promise<number> {
  const started = clock();
  await run();
  return clock() - started;
}
