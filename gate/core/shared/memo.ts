/**
 * What a pure function of one text gave lately. njs hands its contexts, and with them all that a module holds, from
 * request to request: only what does not depend on which context it is may be kept like this. Each context keeps its
 * own, so what strangers send must not fill it: texts longer than `longest` characters are worked out each time.
 */
export class Memo<T> {
  private readonly known = new Map<string, T>();

  constructor(
    private readonly make: (text: string) => T,
    private readonly longest: number,
  ) {}

  get(text: string): T {
    const found = this.known.get(text);
    if (found !== undefined) return found;
    const made = this.make(text);
    if (text.length > this.longest) return made;
    // All at once: to know the oldest would cost every hit more than a miss costs now and then.
    if (this.known.size >= MOST) this.known.clear();
    this.known.set(text, made);
    return made;
  }
}

const MOST = 64;
