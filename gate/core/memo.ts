/**
 * Remembers what a pure function of one text gave lately. njs hands its contexts, and with them all that a module holds,
 * from request to request: only what does not depend on which context it is may be kept like this.
 */
export function memo<T>(make: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const made = make(text);
    // All at once: to know the oldest would cost every hit more than a miss costs now and then.
    if (known.size >= MOST) known.clear();
    known.set(text, made);
    return made;
  };
}

const MOST = 64;
