import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { GateBundle } from '../../contract/gate-options';
import { App } from './support/app';
import { buildGate, gateOptions } from './support/bundle';
import { type GateContainers, startGate } from './support/gate';
import { call, newKey, withKey } from './support/http';
import { LambdaEndpoint } from './support/lambda-endpoint';

const IN_FLIGHT = 4;
const QUEUE = 4;
/** Milliseconds that the app works on a request. */
const WORK = 60;

let bundle: GateBundle;
let app: App;
let lambda: LambdaEndpoint;
let gate: GateContainers | undefined;

beforeAll(async () => {
  [bundle, app, lambda] = await Promise.all([buildGate(), App.start(), LambdaEndpoint.start()]);
});

afterAll(() => Promise.all([app?.stop(), lambda?.stop()]));

afterEach(async () => {
  await gate?.stop();
  gate = undefined;
});

interface Sample {
  readonly status: number;
  readonly milliseconds: number;
  readonly retryAfter: string | undefined;
}

const at = (sorted: readonly number[], share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
const times = (samples: readonly Sample[]) => samples.map(({ milliseconds }) => milliseconds).sort((a, b) => a - b);

describe.each([1, 4])('a gate with %i workers under five times the load that its app can take', (workers) => {
  it('bounds the time of those it admits, and refuses the others at once', async () => {
    const started = await startGate(
      bundle.packGate,
      gateOptions({
        workers,
        limits: { inFlight: IN_FLIGHT, queue: QUEUE, requestsPerMinute: 1e6, synthesisPerMinute: 1e6 },
      }),
      { upstreamPort: app.port, lambdaUrl: lambda.url },
    );
    gate = started;
    app.reset();
    let inside = 0;
    let most = 0;
    app.handler = async (_, response) => {
      most = Math.max(most, ++inside);
      await sleep(WORK);
      inside--;
      response.end('spoken');
      return true;
    };
    const key = newKey();
    const ask = async (): Promise<Sample> => {
      const start = performance.now();
      const { status, headers } = await call(started.url, '/tts', withKey(key));
      return { status, milliseconds: performance.now() - start, retryAfter: headers['retry-after'] };
    };
    await ask();

    // What a request takes while there is a place for each.
    const calm: Sample[] = [];
    for (let round = 0; round < 10; round++) calm.push(...(await Promise.all(Array.from({ length: IN_FLIGHT }, ask))));
    expect(calm.every(({ status }) => status === 200)).toBe(true);
    const usual = at(times(calm), 0.9);

    const perSecond = (5 * IN_FLIGHT * 1000) / WORK;
    const offered: Promise<Sample>[] = [];
    const start = performance.now();
    while (performance.now() - start < 4000) {
      while (offered.length < ((performance.now() - start) * perSecond) / 1000) offered.push(ask());
      await sleep(5);
    }
    const samples = await Promise.all(offered);
    const admitted = samples.filter(({ status }) => status === 200);
    const refused = samples.filter(({ status }) => status === 503);
    expect(admitted.length + refused.length).toBe(samples.length);
    expect(refused.every(({ retryAfter }) => retryAfter === '1')).toBe(true);
    expect(most).toBe(IN_FLIGHT);
    // The app is never idle: most of what it can do is done.
    expect(admitted.length).toBeGreaterThan((4000 / WORK) * IN_FLIGHT * 0.6);
    const [waits, turns] = [times(admitted), times(refused)];
    console.info(
      `${workers} workers: usual ${usual.toFixed()} ms; admitted ${admitted.length}: p50 ${at(waits, 0.5).toFixed()}, p99 ${at(waits, 0.99).toFixed()}, max ${at(waits, 1).toFixed()}; refused ${refused.length}: p50 ${at(turns, 0.5).toFixed()}, p99 ${at(turns, 0.99).toFixed()}`,
    );
    // A full queue is worked off once while a request waits, more or less: it waits as long as a request takes or two.
    expect(at(waits, 0.99) / usual).toBeLessThan((2 * (IN_FLIGHT + QUEUE)) / IN_FLIGHT);
    expect(at(waits, 1) / usual).toBeLessThan((4 * (IN_FLIGHT + QUEUE)) / IN_FLIGHT);
    expect(at(turns, 0.5) / usual).toBeLessThan(0.5);
  });
});
