import type { Dict } from '../../../gate/core/shared/dict';

/** A shared dictionary as njs has it, down to `incr`, which finds an item that has expired and was not yet removed. */
export class MemoryDict<V extends string | number> implements Dict<V> {
  private readonly items = new Map<string, { value: V; expires: number }>();

  constructor(private readonly now: () => number) {}

  get(key: string): V | undefined {
    const item = this.items.get(key);
    return item !== undefined && this.now() < item.expires ? item.value : undefined;
  }

  /** The value, expired or not. */
  peek(key: string): V | undefined {
    return this.items.get(key)?.value;
  }

  set(key: string, value: V, timeout = 60_000): this {
    this.items.set(key, { value, expires: this.now() + timeout });
    return this;
  }

  add(key: string, value: V, timeout = 60_000): boolean {
    if (this.get(key) !== undefined) return false;
    this.set(key, value, timeout);
    return true;
  }

  delete(key: string): boolean {
    return this.items.delete(key);
  }

  incr(this: MemoryDict<number>, key: string, delta: number, init = 0, timeout = 60_000): number {
    const value = (this.items.get(key)?.value ?? init) + delta;
    this.items.set(key, { value, expires: this.now() + timeout });
    return value;
  }
}
