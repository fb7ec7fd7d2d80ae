import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { gateWorld } from './support/gate-world';
import { call, newKey, withKey } from './support/http';
import { allow } from './support/lambda-endpoint';

const IN_FLIGHT = 4;
const QUEUE = 4;
/** Milliseconds that the app works on a request. */
const WORK = 60;
/** How many times what the app can take is offered, and how many requests it finishes until that ends. */
const OVERLOAD = 5;
const FINISHED = 150;

/** A caller alone leaves places for others: here several fill them. */
const KEYS = [newKey(), newKey(), newKey()];

const { app, gateForTest } = gateWorld(({ event }) => allow({ keyId: (event.identitySource[0] ?? '').slice(3, 15) }));

interface Sample {
  readonly status: number;
  /** How many requests the app finished meanwhile: its clock, whatever else the machine does. */
  readonly waited: number;
  readonly retryAfter: string | undefined;
}

const at = (values: readonly number[], share: number) =>
  [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) * share)] ?? Number.NaN;
const waits = (samples: readonly Sample[]) => samples.map(({ waited }) => waited);

describe.each([1, 4])('a gate with %i workers under five times the load that its app can take', (workers) => {
  it('keeps the app busy, bounds the wait of those it admits, and refuses the others at once', async () => {
    const gate = await gateForTest({
      workers,
      limits: { inFlight: IN_FLIGHT, queue: QUEUE, requestsPerMinute: 1e6, synthesisPerMinute: 1e6 },
    });
    for (const key of KEYS) await call(gate.url, '/tts', withKey(key));
    const samples: Promise<Sample>[] = [];
    const inside: number[] = [];
    let working = 0;
    let finished = 0;
    const ask = async (): Promise<Sample> => {
      const before = finished;
      const { status, headers } = await call(gate.url, '/tts', withKey(KEYS[samples.length % KEYS.length] as string));
      return { status, waited: finished - before, retryAfter: headers['retry-after'] };
    };
    const offer = (requests: number) => {
      for (let i = 0; i < requests; i++) samples.push(ask());
    };
    const enough = new Promise<void>((resolve) => {
      app.handler = async (_, response) => {
        inside.push(++working);
        await sleep(WORK);
        working--;
        response.end('spoken');
        if (++finished < FINISHED) offer(OVERLOAD);
        else resolve();
        return true;
      };
    });
    offer(OVERLOAD * IN_FLIGHT);
    await enough;

    const answers = await Promise.all(samples);
    const admitted = answers.filter(({ status }) => status === 200);
    const refused = answers.filter(({ status }) => status === 503);
    expect(admitted.length + refused.length).toBe(answers.length);
    expect(refused.every(({ retryAfter }) => retryAfter === '1')).toBe(true);
    expect(Math.max(...inside)).toBe(IN_FLIGHT);
    expect(at(inside, 0.5)).toBeGreaterThan(IN_FLIGHT / 2);
    // Before a request are at most those in the app and in the queue. As many again for what the answer's way takes
    // where other programs want the machine; without a bound the last would wait for some five hundred.
    expect(at(waits(admitted), 0.99)).toBeLessThanOrEqual(2 * (IN_FLIGHT + QUEUE));
    expect(at(waits(refused), 0.5)).toBeLessThan(at(waits(admitted), 0.5));
  });
});
