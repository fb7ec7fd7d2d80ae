import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { steepness, TOO_STEEP } from '../contract/steepness';
import type { GateContainers } from './support/gate';
import { gateWorld } from './support/gate-world';
import { call, newKey } from './support/http';
import { allow } from './support/lambda-endpoint';

/** Bytes of the shorter of two bodies; the longer has 4 times as many, which is what a gate counts unless told otherwise. */
const SHORT = 16_000;
const key = newKey();

const { startGate } = gateWorld(() => allow({}, 600));
let gate: GateContainers;

beforeAll(async () => {
  const without = 1_000_000;
  gate = await startGate({ limits: { requestsPerMinute: without, synthesisPerMinute: without } });
});

interface Hostile {
  readonly type: 'application/json' | 'application/x-www-form-urlencoded';
  readonly before: string;
  readonly unit: string;
  readonly after: string;
}

async function send({ type, before, unit, after }: Hostile, length: number): Promise<void> {
  const [head, middle, tail] = [before, unit, after].map((text) => Buffer.from(text));
  const room = length - Number(head?.length) - Number(tail?.length);
  const body = before + unit.repeat(Math.max(0, Math.floor(room / Number(middle?.length)))) + after;
  const headers = { 'X-API-Key': key, 'Content-Type': type };
  const { status } = await call(gate.url, '/tts', { method: 'POST', body, headers });
  // What cannot be counted is the app's to refuse, as long as no quota depends on it.
  expect(status).toBe(200);
}

const json = (before: string, unit: string, after: string): Hostile => ({
  type: 'application/json',
  before,
  unit,
  after,
});

const hostile: fc.Arbitrary<Hostile> = fc.record({
  type: fc.constantFrom('application/json' as const, 'application/x-www-form-urlencoded' as const),
  before: fc.constantFrom('', '{"text":"', '{"text":', '[', 'text=', '{"a":[', '"'),
  unit: fc.constantFrom(
    ...['\\n', 'a\\n', '\\"', '\\\\', '"', '\\u0041', '\\ud83d\\ude00', '\\', '[', '{"a":', '1,', '"a":1,', ' ', '\t'],
    ...['&', 'text=&', '%41', '%', '+', '=', 'a', '你', '😀', '0', '-', 'e', '\u0001'],
  ),
  after: fc.constantFrom('', '"}', '}', ']', '"', '\\', '%', 'x'),
});

describe('a body whose text is counted', () => {
  it.each<Hostile>([
    json('{"text":"', 'a\\n', '"}'),
    json('{"text":"', '\\"', '"}'),
    json('{"text":"', '\\', '"}'),
    json('{"text":"', '😀', '"}'),
    { type: 'application/x-www-form-urlencoded', before: '', unit: '&', after: '' },
  ])('costs time linear in its length: $type $before$unit…$after', async (example) => {
    expect(await steepness(SHORT, (length) => send(example, length))).toBeLessThan(TOO_STEEP);
  });

  it('costs time linear in its length, whatever is repeated in it', async () => {
    await fc.assert(
      fc.asyncProperty(hostile, async (example) => {
        expect(await steepness(SHORT, (length) => send(example, length))).toBeLessThan(TOO_STEEP);
      }),
      { numRuns: 100, endOnFailure: true },
    );
  }, 60_000);
});
