import { describe, expect, it } from 'vitest';
import { health, isProbeDue, noteProbe, takeTelling } from '../../../../gate/core/answer/health';
import { MemoryDict } from '../../support/fake-dict';

function world() {
  const clock = { now: 1_795_000_000_000 };
  const state = new MemoryDict<string>(clock);
  return {
    clock,
    note: (probe: Parameters<typeof noteProbe>[1]) => noteProbe(state, probe, clock.now),
    now: (draining = false) => health(state, draining, clock.now),
    due: () => isProbeDue(state, clock.now),
    told: () => takeTelling(state, clock.now),
  };
}

describe('health', () => {
  it('is red until the app has answered, and green from then on', () => {
    const { note, now } = world();
    expect(now()).toEqual({ status: 503, state: 'starting' });
    note('failing');
    note('slow');
    expect(now().status).toBe(503);
    note('answered');
    expect(now()).toEqual({ status: 200, state: 'ok' });
  });

  it('stays green for a busy app, however slow, and for one that fails inside', () => {
    const { note, now, clock } = world();
    note('answered');
    for (let i = 0; i < 20; i++) {
      clock.now += 10_000;
      note(i % 2 === 0 ? 'slow' : 'failing');
      expect(now().status).toBe(200);
    }
  });

  it('turns red when the app refuses connections for 30 seconds without a break', () => {
    const { note, now, clock } = world();
    note('answered');
    note('refused');
    clock.now += 29_999;
    note('refused');
    expect(now().status).toBe(200);
    clock.now += 1;
    expect(now()).toEqual({ status: 503, state: 'app-unreachable' });
    note('slow');
    expect(now().status).toBe(200);
    note('refused');
    clock.now += 29_000;
    expect(now().status).toBe(200);
  });

  it('is red while draining, whatever else', () => {
    const { note, now } = world();
    note('answered');
    expect(now(true)).toEqual({ status: 503, state: 'draining' });
  });

  it('looks at the app at every tick until it is ready and while it refuses, else every ten seconds', () => {
    const { note, due, clock } = world();
    expect([due(), due()]).toEqual([true, true]);
    note('answered');
    expect([due(), due()]).toEqual([true, false]);
    clock.now += 10_000;
    expect([due(), due()]).toEqual([true, false]);
    note('refused');
    expect([due(), due()]).toEqual([true, true]);
  });

  it('tells within twenty seconds that the app has not come up, and then once a minute', () => {
    const { note, told, clock } = world();
    const tellings: number[] = [];
    for (let second = 0; second < 100; second++) {
      note('refused');
      if (told()) tellings.push(second);
      clock.now += 1000;
    }
    expect(tellings).toEqual([15, 75]);
    note('answered');
    clock.now += 60_000;
    expect(told()).toBe(false);
  });
});
