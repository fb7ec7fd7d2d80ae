import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { meter } from '../../gate/core/quota/metering';
import { steepness, TOO_STEEP } from '../contract/steepness';
import type { GateContainers } from './support/gate';
import { gateWorld } from './support/gate-world';
import { call, newKey } from './support/http';
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

/** A text that begins and ends as one in order may, with the middle repeated to the length wanted. */
interface Hostile {
  /** A header's name, or where in the target it stands. */
  readonly where: string;
  readonly before: string;
  readonly unit: string;
  readonly after: string;
}

function grown({ before, unit, after }: Hostile, length: number): string {
  return before + unit.repeat(Math.floor((length - before.length - after.length) / unit.length)) + after;
}

function steepnessOf(hostile: Hostile): Promise<number> {
  return steepness(SHORT, (length) => send(hostile, length));
}

async function send(hostile: Hostile, length: number): Promise<void> {
  const text = grown(hostile, length);
  const inTarget = hostile.where.startsWith('/');
  const page = { accept: 'text/html', host: 'tts.example.com' };
  const { status } = await call(gate.url, inTarget ? hostile.where + text : '/x', {
    headers: inTarget ? page : { ...page, [hostile.where]: text },
  });
  // Public files may be served, and nothing breaks.
  expect([200, 303, 400, 401]).toContain(status);
}

/** As the bytes of a header, which Node sends as they are. */
const bytes = (text: string) => Buffer.from(text).toString('latin1');
const key = newKey();

const STARTS: Readonly<Record<string, readonly string[]>> = {
  accept: ['', 'text/html', 'text/html;q=', 'text/html;q=0.', 'text/html,'],
  authorization: ['', 'Bearer', 'Bearer ', 'Bearer vg_', 'Bearer eyJ.eyJ.', 'Basic '],
  'content-type': ['', 'application/json', 'application/json;', 'application/json; charset=', 'multipart/'],
  cookie: ['', '__Host-voicegate=', 'a=b; __Host-voicegate=x'],
  'x-api-key': ['', 'vg_', key.slice(0, 16), key],
  'x-forwarded-for': ['', '203.0.113.9', '2001:db8:'],
  'x-forwarded-proto': ['https'],
  'x-amzn-trace-id': ['', 'Root=1-67891233-abcdef012345678912345678'],
  forwarded: ['for='],
  origin: ['', 'https://', 'https://example.com'],
  'access-control-request-headers': ['', 'authorization'],
  'sec-fetch-dest': ['document'],
  'user-agent': [''],
  '/': ['', 'static/', 'vg_', '%76g_', 'tts', '%2'],
  '/tts?': ['', 'text=', 'api_key=', 'api_key=vg_', '%61pi_key=vg_', 'a=b&'],
};
const UNITS = [
  ...[' ', '\t', ' \t', ',', ', ', ';', '; ', '=', '.', '/', '_', '-', '&', '+', '"', '0', 'a', ':', 'q=0,', ';q=0'],
  ...['vg_', 'vg', 'a.', 'text/html,', 'text/html ', '%41', '%2', '%', '%25', '%2525', '%76%67%5f', 'api_key=', '/a'],
  ...['__Host-voicegate=x;', 'charset=utf-8;', '203.0.113.9,', 'Bearer '].concat(
    ['é', '\u2028', '\ud83d\ude00'].map(bytes),
  ),
];
const ENDS = ['', 'x', ';q=0', ' y', '"', '%', '_', bytes('x\u2028y')];

const hostile = fc.constantFrom(...Object.keys(STARTS)).chain((where) =>
  fc.record({
    where: fc.constant(where),
    before: fc.constantFrom(...(STARTS[where] ?? [])),
    // In a target a space or a tab ends it.
    unit: fc.constantFrom(...UNITS.filter((unit) => !where.startsWith('/') || /^[!-~]+$/.test(unit))),
    after: fc.constantFrom(...ENDS.filter((end) => !where.startsWith('/') || /^[!-~]*$/.test(end))),
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
    expect(await steepness(SHORT, read)).toBeLessThan(TOO_STEEP);
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
