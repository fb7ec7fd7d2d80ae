/** Time that passes only when nothing is left to do. */
export class VirtualTime {
  private readonly heap: { readonly at: number; readonly order: number; readonly happen: () => boolean }[] = [];
  private order = 0;

  constructor(public now: number) {}

  /** `happen` returns whether it started something asynchronous. */
  after(milliseconds: number, happen: () => boolean): void {
    const { heap } = this;
    heap.push({ at: this.now + milliseconds, order: this.order++, happen });
    for (let i = heap.length - 1; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (!this.isEarlier(i, parent)) break;
      this.swap(i, parent);
      i = parent;
    }
  }

  sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(milliseconds, () => {
        resolve();
        return true;
      });
    });
  }

  async run(): Promise<void> {
    for (;;) {
      const next = this.pop();
      if (next === undefined) return;
      this.now = next.at;
      // All that follows from an event without waiting happens before the next one.
      if (next.happen()) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  private pop() {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    heap[0] = last;
    for (let i = 0; ; ) {
      let earliest = i;
      for (const child of [2 * i + 1, 2 * i + 2]) {
        if (child < heap.length && this.isEarlier(child, earliest)) earliest = child;
      }
      if (earliest === i) return first;
      this.swap(i, earliest);
      i = earliest;
    }
  }

  private isEarlier(i: number, j: number): boolean {
    const [a, b] = [this.heap[i], this.heap[j]];
    if (a === undefined || b === undefined) return false;
    return a.at < b.at || (a.at === b.at && a.order < b.order);
  }

  private swap(i: number, j: number): void {
    const [a, b] = [this.heap[i], this.heap[j]];
    if (a === undefined || b === undefined) return;
    this.heap[i] = b;
    this.heap[j] = a;
  }
}
