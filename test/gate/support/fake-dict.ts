import type { CountingDict } from '../../../gate/core/shared/dict';

/** A shared dictionary in memory, with a clock of the test's own. */
export class MemoryDict<V extends string | number = number> {
  private readonly items = new Map<string, { value: V; until: number }>();
  constructor(private readonly clock: { now: number }) {}

  get(key: string): V | undefined {
    const item = this.items.get(key);
    return item !== undefined && this.clock.now < item.until ? item.value : undefined;
  }

  set(key: string, value: V, timeout = Number.POSITIVE_INFINITY): void {
    this.items.set(key, { value, until: this.clock.now + timeout });
  }

  add(key: string, value: V, timeout?: number): boolean {
    if (this.get(key) !== undefined) return false;
    this.set(key, value, timeout);
    return true;
  }

  delete(key: string): boolean {
    const had = this.get(key) !== undefined;
    this.items.delete(key);
    return had;
  }
}

export class MemoryCounter extends MemoryDict<number> implements CountingDict {
  incr(key: string, delta: number, init = 0, timeout?: number): number {
    const value = (this.get(key) ?? init) + delta;
    this.set(key, value, timeout);
    return value;
  }
}
