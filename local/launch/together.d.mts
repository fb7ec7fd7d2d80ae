type Works = readonly ((signal: AbortSignal) => Promise<unknown>)[];

/** What the works give, in their order; or the error of the one that failed first. */
export declare function together<W extends Works>(
  /** Stops all of them. */
  signal: AbortSignal | undefined,
  ...works: W
): Promise<{ -readonly [I in keyof W]: Awaited<ReturnType<W[I]>> }>;
