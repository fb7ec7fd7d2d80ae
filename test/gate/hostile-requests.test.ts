import { beforeAll, describe, expect, it } from 'vitest';
import { type Observation, refusalBody } from './corpus/check';
import { credentialDrafts } from './corpus/credential-cases';
import { framingDrafts } from './corpus/framing-cases';
import { headerDrafts } from './corpus/header-cases';
import { pathDrafts } from './corpus/path-cases';
import { pipelineDrafts } from './corpus/pipeline-cases';
import { type Case, numbered } from './corpus/raw-request';
import { recordingApp } from './corpus/recording-app';
import { failuresOf, report, runCorpus, traceOf } from './corpus/run-corpus';
import { authorizerOf, KEYS, ownerKeys, SECRETS, WORLDS } from './corpus/world';
import type { GateContainers } from './support/gate';
import { gateInFrontOf } from './support/gate-world';

/**
 * Only what passes with a key can have taken the gate's common way. Where the gate is without that, all else goes the
 * same way as in the run with it: every tenth shows that.
 */
function canDiffer(one: Case, index: number): boolean {
  if (process.env.VOICEGATE_TEST_COMMON_WAY !== 'off' || index % 10 === 0) return true;
  const { outcomes } = traceOf(one, WORLDS[one.world]);
  const passed = outcomes.flatMap(({ forwarded, partial }) => forwarded ?? partial ?? []);
  return passed.some(({ principal, keyId }) => principal !== undefined || keyId !== undefined);
}

const CORPORA = {
  paths: numbered(pathDrafts(), 'p').filter(canDiffer),
  headers: numbered(headerDrafts(), 'h').filter(canDiffer),
  credentials: numbered(credentialDrafts(), 'c').filter(canDiffer),
  framings: numbered(framingDrafts(), 'f').filter(canDiffer),
  pipelines: numbered(pipelineDrafts(), 'l').filter(canDiffer),
};
const NAMES = Object.keys(WORLDS) as (keyof typeof WORLDS)[];
const ALL = Object.values(CORPORA).flat();

describe('the gate in nginx, under hostile requests', () => {
  // All worlds know the same credentials.
  const { app, lambda, startGate } = gateInFrontOf(recordingApp(), authorizerOf(WORLDS.strict));
  const gates: Partial<Record<keyof typeof WORLDS, GateContainers>> = {};
  const observations = new Map<string, Observation>();

  beforeAll(async () => {
    for (const world of NAMES) {
      // Sessions are on in the app that ships; they must open nothing. One world is without them.
      const webSession = world === 'direct' ? undefined : { lifetime: 3600 };
      gates[world] = await startGate(
        { ...WORLDS[world].options, webSession },
        { env: { VOICEGATE_SESSION_SECRET: 'a-secret-of-sessions-0123456789abcdefghijklmnop' } },
      );
    }
  });

  it('is tried with thousands of requests', () => {
    expect(ALL.length).toBeGreaterThan(2000);
    expect(new Set(ALL.map(({ bytes, world, id }) => world + bytes.replaceAll(id, ''))).size).toBeGreaterThan(2000);
  });

  for (const [name, cases] of Object.entries(CORPORA)) {
    it(`does with all ${cases.length} ${name} what the model says, and lets nobody in without a key`, async () => {
      expect(await run(cases)).toBe('');
    }, 60_000);
  }

  it('passed on nothing that no case sent', () => {
    const ids = new Set(ALL.map(({ id }) => id));
    const strangers = app.others(ids).filter(({ headers }) => !headers.some(([, value]) => value === 'voicegate-gate'));
    expect(strangers).toEqual([]);
  });

  it('gives every refusal of one status in the same words', () => {
    const shapes = new Map<string, Set<string>>();
    for (const { exchange } of observations.values()) {
      for (const { status, headers, body } of exchange.answers) {
        if (status < 400 || body === '') continue;
        const shape = headers
          .filter(([header]) => !['date', 'connection', 'content-length'].includes(header.toLowerCase()))
          .map(([header, text]) => `${header}: ${text}`);
        const said = refusalBody(status, body) ?? body;
        const kind = `${status} ${said.split(' ')[0]}`;
        shapes.set(kind, (shapes.get(kind) ?? new Set()).add([...shape, said].join('\n')));
      }
    }
    const seen = new Set([...shapes.keys()].map((kind) => Number(kind.split(' ')[0])));
    expect([...seen]).toEqual(expect.arrayContaining([400, 401, 403, 405, 413, 414, 431, 501, 505]));
    for (const [status, set] of shapes) expect([...set], `shapes of ${status}`).toHaveLength(1);
  });

  it('passed on requests of every kind: public ones, and those of each key that allows them', () => {
    const passed = [...observations.values()].flatMap(({ received }) => received);
    const keyIds = passed.map(({ headers }) => headers.find(([header]) => header === 'X-Auth-Key-Id')?.[1]);
    expect(keyIds.filter((id) => id === undefined).length).toBeGreaterThan(1000);
    expect(keyIds.filter((id) => id === KEYS.good.id).length).toBeGreaterThan(500);
    for (const { id } of [KEYS.narrow, KEYS.unscoped, ...ownerKeys]) expect(keyIds).toContain(id);
    for (const { id } of [KEYS.revoked, KEYS.expired, KEYS.disabled, KEYS.unknown]) expect(keyIds).not.toContain(id);
    expect(new Set(passed.map(({ method }) => method)).size).toBe(7);
  });

  it('writes no key into any log', () => {
    const log = Object.values(gates)
      .map((gate) => gate.stdout + gate.stderr)
      .join('');
    expect(log).toContain('"decision"');
    expect(SECRETS.filter((secret) => log.includes(secret))).toEqual([]);
  });

  it('asked the authorizer about well-formed credentials alone, and told it nothing else', () => {
    expect(lambda.problems).toEqual([]);
    expect(lambda.invocations.length).toBeGreaterThan(10);
    for (const { event } of lambda.invocations) {
      expect(event.identitySource).toHaveLength(1);
      expect(event.identitySource?.[0]).toMatch(/^(vg_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}|[\w-]+\.[\w-]+\.[\w-]*)$/);
      expect(event.headers).toEqual({});
      expect(event.rawQueryString).toBe('');
    }
  });

  /** The failures in words; empty: none. */
  async function run(cases: readonly Case[]): Promise<string> {
    const texts: string[] = [];
    for (const name of NAMES) {
      const gate = gates[name];
      if (gate === undefined) throw new Error(`no gate for ${name}`);
      const world = WORLDS[name];
      const mine = cases.filter((one) => one.world === name);
      const observed = await runCorpus(mine, { port: gate.port, app, world });
      for (const one of observed) observations.set(one.case.id, one);
      texts.push(report(failuresOf(observed, world)));
    }
    return texts.filter(Boolean).join('\n');
  }
});
