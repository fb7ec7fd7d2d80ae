/** The part of a shared dictionary that the core uses; njs's own has it. Timeouts are milliseconds. */
export interface Dict<V extends string | number> {
  get(key: string): V | undefined;
  set(key: string, value: V, timeout?: number): unknown;
  /** Stores the value unless the key is there already; atomic over all workers. */
  add(key: string, value: V, timeout?: number): boolean;
  delete(key: string): boolean;
}

export interface CountingDict extends Dict<number> {
  /** Adds to the number, which starts as `init`; atomic over all workers. Returns the sum. */
  incr(key: string, delta: number, init?: number, timeout?: number): number;
}
