/** Seconds since the epoch, with fractions. */
export type Clock = () => number;

export const systemClock: Clock = () => Date.now() / 1000;
