import { describe, expect, it } from 'vitest';
import { takeBodyPlaces } from '../../../../gate/core/limits/body-places';
import { callerOf, keylessCallerOf } from '../../../../gate/core/shared/caller';
import { MemoryCounter } from '../../support/fake-dict';

const LIMITS = { inFlight: 8, queue: 16 };

describe('takeBodyPlaces', () => {
  it('leaves places to those with a key, however many send bodies to a path that needs none', () => {
    const dict = new MemoryCounter({ now: 0 });
    const visitors = Array.from({ length: 60 }, (_, i) => keylessCallerOf(`192.0.2.${i}`));
    const taken = visitors.filter((visitor) => takeBodyPlaces(dict, LIMITS, visitor, 1000) !== undefined);
    expect(taken).toHaveLength(24);
    const key = callerOf('alice');
    for (let i = 0; i < 24; i++) expect(takeBodyPlaces(dict, LIMITS, key, 1000)).toBeDefined();
    expect(takeBodyPlaces(dict, LIMITS, key, 1000)).toBeUndefined();
  });
});
