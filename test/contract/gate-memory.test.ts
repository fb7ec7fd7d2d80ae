import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  bodiesOfAll,
  bodiesOfClient,
  LINGERING,
  memoryLimitMiB,
  memoryParts,
  requestsOfAll,
  requestsOfClient,
  SIGN_IN,
  undecidedOfAll,
  undecidedOfClient,
} from '../../contract/gate-memory';
import { GATE_DEFAULTS } from '../../contract/gate-ranges';

const MIB = 1024 ** 2;
/** As the shipped app has it. */
const DEFAULTS = { ...GATE_DEFAULTS, webSession: { lifetime: 43_200 } };

describe('the memory of the gate', () => {
  it('is at the defaults what docs/gate.md adds up, and fits into the limit', () => {
    const docs = readFileSync(new URL('../../docs/gate.md', import.meta.url), 'utf8');
    const [, table = ''] = /## Memory\n([\s\S]*?)\nMeasured/.exec(docs) ?? [];
    const told = [...table.matchAll(/\| (\d+) \|\n/g)].map(([, mebibytes]) => Number(mebibytes));
    const parts = memoryParts(DEFAULTS).map(([, bytes]) => bytes / MIB);
    const sum = parts.reduce((total, part) => total + part, 0);
    expect(told).toEqual([...parts.map(Math.round), Math.round(sum), memoryLimitMiB(DEFAULTS)]);
    expect([memoryLimitMiB(DEFAULTS), memoryLimitMiB(GATE_DEFAULTS)]).toEqual([283, 256]);
    const { limits } = GATE_DEFAULTS;
    expect(table).toContain(`${requestsOfClient(limits)} of one client, ${requestsOfAll(limits)} of all`);
    expect(table).toContain(`${bodiesOfClient(limits)} of one caller, ${bodiesOfAll(limits)} of all`);
    expect(table).toContain(`${SIGN_IN.pages} at the same time, ${SIGN_IN.forms.ofAll} of them with a form`);
    expect(table).toContain(`${SIGN_IN.styles} more for the style`);
    expect(table).toContain(`${LINGERING.ofAll} requests that nginx refuses`);
    expect(table).toContain(
      `${undecidedOfClient(limits)} requests of one client and ${undecidedOfAll(limits)} of all may wait`,
    );
  });

  it('grows with what is asked of it', () => {
    const limits = { ...GATE_DEFAULTS.limits, inFlight: 100 };
    expect(memoryLimitMiB({ ...GATE_DEFAULTS, limits })).toBeGreaterThan(400);
    expect(memoryLimitMiB({ ...GATE_DEFAULTS, maxTextBytes: MIB })).toBeGreaterThan(350);
    expect(memoryLimitMiB({ ...GATE_DEFAULTS, limits: { ...limits, inFlight: 1, queue: 0 } })).toBe(256);
    // Clients that stop amid their headers; measured with 3,900 of 60 KB: 290 MB more.
    const halfOpen = (4096 * 64) / 1024;
    expect(memoryLimitMiB({ ...DEFAULTS, trustedHops: 0 })).toBe(memoryLimitMiB(DEFAULTS) + halfOpen);
  });

  it('lets one client fill the app and its queue, and leaves room for another', () => {
    for (const [inFlight, queue] of [
      [1, 0],
      [8, 16],
      [100, 500],
    ] as const) {
      expect(bodiesOfClient({ inFlight, queue })).toBeGreaterThanOrEqual(inFlight);
      expect(requestsOfClient({ inFlight, queue })).toBeGreaterThan(inFlight + queue);
      expect(requestsOfAll({ inFlight, queue })).toBeGreaterThan(requestsOfClient({ inFlight, queue }) + inFlight);
      expect(bodiesOfAll({ inFlight, queue })).toBeGreaterThan(bodiesOfClient({ inFlight, queue }));
      const [undecided, most] = [undecidedOfAll({ inFlight, queue }), undecidedOfClient({ inFlight, queue })];
      expect(most).toBeGreaterThanOrEqual(inFlight + queue);
      expect(undecided).toBeGreaterThan(most);
      // Whoever is known finds room, whatever strangers do.
      expect(undecided + LINGERING.ofAll + inFlight + queue).toBeLessThan(requestsOfAll({ inFlight, queue }));
    }
  });
});
