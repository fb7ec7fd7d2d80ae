import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { meter } from '../../gate/core/quota/metering';
import { computed, steepness, TOO_STEEP } from '../contract/steepness';
import type { GateContainers } from './support/gate';
import { gateWorld } from './support/gate-world';
import { bytes, ENDS, fits, grown, type Hostile, requestOf, STARTS, UNITS } from './support/hostile-texts';
import { call } from './support/http';
import { deny } from './support/lambda-endpoint';

/** Bytes of what a stranger chose in the shorter of two requests; the longer has 4 times as many. nginx takes lines of 16 KB. */
const SHORT = 3_900;

const { startGate } = gateWorld(() => deny(401, 0));
let gate: GateContainers;

beforeAll(async () => {
  const without = 1_000_000;
  gate = await startGate(
    {
      webSession: { lifetime: 3600 },
      cors: { allowOrigins: ['https://example.com'], maxAge: 60 },
      queryKey: true,
      authorizer: { negativeTtl: 0 },
      limits: { requestsPerMinute: without, synthesisPerMinute: without, missesPerMinute: without },
    },
    { env: { VOICEGATE_SESSION_SECRET: 'a-secret-of-sessions-0123456789abcdefghijklmnop' } },
  );
});

function steepnessOf(hostile: Hostile): Promise<number> {
  return steepness(SHORT, (length) => send(hostile, length));
}

async function send(hostile: Hostile, length: number): Promise<void> {
  const { target, headers } = requestOf(hostile, length);
  const { status } = await call(gate.url, target, { headers });
  // Public files may be served, and nothing breaks.
  expect([200, 303, 400, 401]).toContain(status);
}

const hostile = fc.constantFrom(...Object.keys(STARTS)).chain((where) =>
  fc.record({
    where: fc.constant(where),
    before: fc.constantFrom(...(STARTS[where] ?? [])),
    unit: fc.constantFrom(...UNITS.filter((unit) => fits(where, unit))),
    after: fc.constantFrom(...ENDS.filter((end) => fits(where, end))),
  }),
);

describe('what a stranger sends', () => {
  it.each<Hostile>([
    { where: 'accept', before: 'text/html', unit: ' ', after: ';q=0' },
    { where: 'authorization', before: 'Bearer', unit: ' ', after: bytes('x\u2028y') },
    { where: 'cookie', before: '', unit: '__Host-voicegate=x;', after: '' },
    { where: '/', before: '', unit: 'vg_', after: '' },
  ])('costs time linear in its length: $where: $before + "$unit" … + $after', async (example) => {
    expect(await steepnessOf(example)).toBeLessThan(TOO_STEEP);
  });

  it('costs time linear in its length as the type of a body, which only callers with a key have read', async () => {
    const body = new TextEncoder().encode('{"text":"a"}');
    const read = (length: number) => {
      const type = grown({ where: '', before: 'application/json', unit: ' ', after: 'x' }, length);
      const request = { method: 'POST', query: undefined, headers: [['content-type', type] as const], body };
      for (let i = 0; i < 3; i++) expect(meter(request, 'text', 1000)).toMatchObject({ status: 415 });
    };
    expect(await steepness(SHORT, read, computed)).toBeLessThan(TOO_STEEP);
  });

  it('costs time linear in its length, whatever is repeated in whichever header or part of the target', async () => {
    await fc.assert(
      fc.asyncProperty(hostile, async (example) => {
        expect(await steepnessOf(example)).toBeLessThan(TOO_STEEP);
      }),
      { numRuns: 200, endOnFailure: true },
    );
  }, 60_000);
});
