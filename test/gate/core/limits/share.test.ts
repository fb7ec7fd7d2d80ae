import { describe, expect, it } from 'vitest';
import { noteCaller, openPlaces, takeShare } from '../../../../gate/core/limits/share';
import { callerOf, keylessCallerOf } from '../../../../gate/core/shared/caller';
import { MemoryCounter } from '../../support/fake-dict';

const [ALICE, BOB, CAROL] = [callerOf('alice'), callerOf('bob'), callerOf('carol')];
const VISITORS = Array.from({ length: 9 }, (_, i) => keylessCallerOf(`192.0.2.${i}`));

function worldOf(places: number, about: readonly number[] = [ALICE, BOB]) {
  const clock = { now: 0 };
  const dict = new MemoryCounter(clock);
  for (const caller of about) noteCaller(dict, caller);
  const take = (caller: number) => takeShare(dict, dict, 'a', places, caller, 1000);
  const fill = (caller: number) => {
    const taken: string[] = [];
    for (let place = take(caller); place !== undefined; place = take(caller)) taken.push(place);
    return taken;
  };
  return { clock, dict, take, fill };
}

describe('takeShare', () => {
  it.each([
    [1, 1],
    [2, 2],
    [3, 3],
    [4, 3],
    [5, 4],
    [8, 6],
    [16, 12],
    [100, 75],
  ])('of %i places one caller gets %i, whatever it does', (places, most) => {
    const { fill } = worldOf(places);
    expect(fill(ALICE)).toHaveLength(most);
    expect(new Set([...fill(BOB), ...fill(CAROL)])).toHaveLength(places - most);
  });

  it('gives all to who has been alone for a while, until somebody else is there', () => {
    const { clock, dict, fill } = worldOf(8, [BOB, ALICE, ALICE]);
    clock.now = 601_000;
    noteCaller(dict, ALICE);
    expect(fill(ALICE)).toHaveLength(8);
    for (let i = 0; i < 8; i++) dict.delete(`a${i}`);
    noteCaller(dict, BOB);
    noteCaller(dict, ALICE);
    expect(fill(ALICE)).toHaveLength(6);
  });

  it('gives no more to who comes back than to who stays', () => {
    const { dict, fill } = worldOf(8);
    const [first = '', ...others] = fill(ALICE);
    dict.delete(first);
    expect(fill(ALICE)).toHaveLength(1);
    for (const place of others) dict.delete(place);
    expect(fill(BOB).length).toBeGreaterThan(2);
  });

  it('counts those without a key as one caller, of which one address has not all', () => {
    const { fill } = worldOf(8);
    const [one = 0, ...others] = VISITORS;
    expect(fill(one)).toHaveLength(5);
    expect(others.flatMap((visitor) => fill(visitor))).toHaveLength(1);
    expect(fill(ALICE)).toHaveLength(2);
  });

  it.each([
    [1, 1],
    [2, 1],
    [3, 2],
    [4, 3],
    [8, 7],
    [16, 14],
  ])(
    'of %i places gives %i to those without a key while nobody with one is about, who then finds one',
    (places, most) => {
      for (const about of [[], VISITORS.slice(0, 2)]) {
        const { dict, fill, take } = worldOf(places, about);
        expect(VISITORS.flatMap((visitor) => fill(visitor))).toHaveLength(most);
        noteCaller(dict, ALICE);
        expect(take(ALICE) !== undefined).toBe(most < places);
      }
    },
  );

  it('leaves one place for a key when one without a key has been alone', () => {
    const [visitor = 0] = VISITORS;
    const { dict, fill, take } = worldOf(8, [visitor]);
    expect(fill(visitor)).toHaveLength(7);
    noteCaller(dict, ALICE);
    expect(take(ALICE)).toBeDefined();
  });

  it('leaves open to all what the first half is', () => {
    expect([1, 3, 4, 5, 8].map(openPlaces)).toEqual([1, 3, 2, 3, 4]);
  });
});

describe('callerOf', () => {
  it('tells keys from each other and from those who have none', () => {
    const numbers = Array.from({ length: 2000 }, (_, i) => `key${i}`).flatMap((text) => [
      callerOf(text),
      keylessCallerOf(text),
    ]);
    expect(new Set(numbers).size).toBe(4000);
    expect(numbers.every(Number.isSafeInteger)).toBe(true);
  });
});
