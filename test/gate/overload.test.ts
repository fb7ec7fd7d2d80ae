import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { gateWorld } from './support/gate-world';
import { call, newKey, withKey } from './support/http';
import { allow } from './support/lambda-endpoint';

const IN_FLIGHT = 4;
const QUEUE = 4;
/** Milliseconds that the app works on a request. */
const WORK = 60;
/** How many times what the app can take is offered, and for how many milliseconds. */
const OVERLOAD = 5;
const SPAN = 4000;

/** A caller alone leaves places for others: here several fill them. */
const KEYS = [newKey(), newKey(), newKey()];

const { app, gateForTest } = gateWorld(({ event }) => allow({ keyId: (event.identitySource[0] ?? '').slice(3, 15) }));

interface Sample {
  readonly status: number;
  readonly milliseconds: number;
  readonly retryAfter: string | undefined;
}

const at = (sorted: readonly number[], share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
const times = (samples: readonly Sample[]) => samples.map(({ milliseconds }) => milliseconds).sort((a, b) => a - b);

describe.each([1, 4])('a gate with %i workers under five times the load that its app can take', (workers) => {
  it('bounds the time of those it admits, and refuses the others at once', async () => {
    const gate = await gateForTest({
      workers,
      limits: { inFlight: IN_FLIGHT, queue: QUEUE, requestsPerMinute: 1e6, synthesisPerMinute: 1e6 },
    });
    let inside = 0;
    let most = 0;
    app.handler = async (_, response) => {
      most = Math.max(most, ++inside);
      await sleep(WORK);
      inside--;
      response.end('spoken');
      return true;
    };
    let asked = 0;
    const ask = async (): Promise<Sample> => {
      const start = performance.now();
      const { status, headers } = await call(gate.url, '/tts', withKey(KEYS[asked++ % KEYS.length] as string));
      return { status, milliseconds: performance.now() - start, retryAfter: headers['retry-after'] };
    };
    for (const _ of KEYS) await ask();

    const perSecond = (OVERLOAD * IN_FLIGHT * 1000) / WORK;
    const offered: Promise<Sample>[] = [];
    const start = performance.now();
    while (performance.now() - start < SPAN) {
      while (offered.length < ((performance.now() - start) * perSecond) / 1000) offered.push(ask());
      await sleep(5);
    }
    const samples = await Promise.all(offered);
    const admitted = samples.filter(({ status }) => status === 200);
    const refused = samples.filter(({ status }) => status === 503);
    expect(admitted.length + refused.length).toBe(samples.length);
    expect(refused.every(({ retryAfter }) => retryAfter === '1')).toBe(true);
    expect(most).toBe(IN_FLIGHT);
    // The app is kept busy. The share is low, since a machine busy with other things makes it work slowly.
    expect(admitted.length).toBeGreaterThan((SPAN / WORK) * IN_FLIGHT * 0.3);
    const [waits, turns] = [times(admitted), times(refused)];
    // Without a bound, four fifths of what was offered would still wait at the end, the last of it that long.
    const backlog = SPAN * (1 - 1 / OVERLOAD);
    expect(at(waits, 0.99)).toBeLessThan(backlog / 2);
    expect(at(turns, 0.5)).toBeLessThan(at(waits, 0.5));
  });
});
