import fc from 'fast-check';

/** Surrogates, which are no characters. */
const FIRST = 0xd800;
const COUNT = 0x800;

/** As fast-check's unit `binary`, for which each process makes a table of a million characters: a second. */
const character = fc.nat(0x10ffff - COUNT).map(
  (index) => String.fromCodePoint(index < FIRST ? index : index + COUNT),
  (text) => {
    const point = String(text).codePointAt(0) ?? FIRST;
    const surrogate = point >= FIRST && point < FIRST + COUNT;
    if (surrogate || text !== String.fromCodePoint(point)) throw new Error(`${JSON.stringify(text)} is no character`);
    return point < FIRST ? point : point - COUNT;
  },
);

/** Well-formed text of any characters. */
export function anyText(constraints: Omit<fc.StringConstraints, 'unit'> = {}): fc.Arbitrary<string> {
  return fc.string({ ...constraints, unit: character });
}
