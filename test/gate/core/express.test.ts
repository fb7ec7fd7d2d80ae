import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatApiKey, generateApiKey } from '../../../contract/api-key';
import type { Grant } from '../../../contract/decision';
import type { Outcome, Trace } from '../../../gate/core/answer/outcome';
import { putAllow } from '../../../gate/core/decision/decision-cache';
import { express } from '../../../gate/core/express';
import { type GatePorts, passThrough } from '../../../gate/core/gate';
import { factsOf } from '../../../gate/core/request/facts';
import { loggableTrace } from '../../../gate/core/request/loggable';
import { grantHeaders } from '../../../gate/core/request/request-headers';
import type { GateRequest } from '../../../gate/core/request/visit';
import { type GateChanges, gateOptions } from '../support/bundle';
import { MemoryCounter, MemoryDict } from '../support/fake-dict';

const NOW = 1_795_000_000_000;
const key = (n: number) => formatApiKey(generateApiKey((length) => new Uint8Array(length).fill(n)));
const KEY = key(1);
const TOKEN = 'e30.e30.c2ln';

/** Zones of a gate that has served for a while, always the same, and ports that ask nobody. */
function gate(changes: GateChanges, grants: Readonly<Record<string, Grant>>, age: number) {
  const clock = { now: NOW };
  const counter = () => new MemoryCounter(clock);
  const limits = counter();
  const places = counter();
  const options = gateOptions(changes);
  const ports: GatePorts = {
    settings: { options, upstream: '127.0.0.1:1' },
    facts: factsOf(options),
    allow: new MemoryDict<string>(clock),
    deny: new MemoryDict<string>(clock),
    leases: new MemoryDict<string>(clock),
    flights: counter(),
    limits,
    places,
    allowances: counter(),
    abuse: counter(),
    now: () => clock.now,
    sleep: () => Promise.reject(new Error('must not wait')),
    invoke: () => Promise.reject(new Error('must not ask')),
    readBody: () => new Promise(() => undefined),
    newGateId: () => 'gate',
    authorizer: () => ({ functionName: 'f', region: 'eu-west-1', partition: 'aws', account: '123456789012' }) as never,
    digest: (text) => `digest of ${text}`,
    count: () => undefined,
    warn: () => undefined,
  };
  for (const [credential, grant] of Object.entries(grants)) {
    const allow = { grant, lines: grantHeaders(grant), at: NOW - age * 1000, ttl: 60 };
    clock.now = allow.at;
    putAllow(ports, ports.digest(credential), allow, 300);
    clock.now = NOW;
  }
  return { ports, limits, places };
}

interface Case {
  readonly request: GateRequest;
  readonly changes: GateChanges;
  readonly grant: Grant;
  /** Seconds since the decision. */
  readonly age: number;
  /** Requests of the same kind that came before. */
  readonly before: number;
}

const empty = (): Trace => ({ client: '', path: '', cache: '', keyId: '', reason: '' });
type Variables = Parameters<typeof express>[0]['variables'];

/** What the long way leaves in nginx's variables; places are chosen at random. */
function written({ method, target, headers }: GateRequest, outcome: Outcome, trace: Trace): Variables {
  if (outcome.kind !== 'pass') throw new Error(`the long way refuses with ${outcome.status}`);
  // As nginx joins them.
  const traceId = headers
    .flatMap(([name, value]) => (name.toLowerCase() === 'x-amzn-trace-id' ? [value] : []))
    .join(', ');
  return {
    request_uri: target,
    ...(traceId !== '' && { gate_trace: loggableTrace(traceId) }),
    gate_method: method,
    gate_place: 'some',
    gate_client: trace.client,
    gate_path: trace.path,
    gate_cache: trace.cache,
    gate_key: trace.keyId,
    gate_reason: 'allowed',
    ...(trace.characters !== undefined && { gate_characters: String(trace.characters) }),
    gate_target: outcome.target,
    gate_headers: outcome.headers,
    gate_upstream: 'app:1',
  };
}

/** Both ways in worlds of their own that are equal; the long one's answer only where it is there at once. */
function bothWays({ request, changes, grant, age, before }: Case) {
  const short = gate(changes, { [KEY]: grant, [TOKEN]: grant }, age);
  const long = gate(changes, { [KEY]: grant, [TOKEN]: grant }, age);
  const held = { hold: () => undefined, release: () => undefined };
  for (let i = 0; i < before; i++) {
    for (const { ports } of [short, long]) {
      const found = passThrough(request, ports, held, empty());
      if (found instanceof Promise) found.catch(() => undefined);
      else if (found.kind === 'pass') ports.places.delete(found.place);
    }
  }
  const trace = empty();
  const untouched = JSON.stringify([...entriesOf(short.limits)]);
  const variables: Variables = { request_uri: request.target };
  const { method, headers, peer } = request;
  const passed = express({ method, rawHeadersIn: headers, remoteAddress: peer, variables }, 'app:1', short.ports, NOW);
  const settled = passThrough(request, long.ports, held, trace);
  if (settled instanceof Promise) settled.catch(() => undefined);
  return { short, long, trace, variables, passed, settled, untouched };
}

function entriesOf(dict: MemoryCounter): readonly (readonly [string, unknown])[] {
  return [...(dict as unknown as { items: Map<string, unknown> }).items];
}

const simple: Grant = { principal: 'alice@example.com', keyId: 'AAAAAAAAAAAA', scopes: ['tts:synthesize'] };

const request = (changes: Partial<GateRequest> = {}): GateRequest => ({
  method: 'GET',
  target: '/voices',
  headers: [
    ['Host', 'tts.example.com'],
    ['X-Forwarded-For', '203.0.113.7'],
    ['X-Forwarded-Proto', 'https'],
    ['X-API-Key', KEY],
    ['Accept', '*/*'],
  ],
  peer: '10.0.0.1',
  protocol: 'HTTP/1.1',
  requestId: 'r',
  ...changes,
});

const anyHeader = fc.oneof(
  fc.constantFrom<[string, string]>(
    ['X-API-Key', KEY],
    ['x-api-key', ` ${KEY} `],
    ['X-Api-Key', key(2)],
    ['X-API-Key', TOKEN],
    ['X-API-Key', ''],
    ['Authorization', `Bearer ${KEY}`],
    ['authorization', `bearer  ${TOKEN}`],
    ['Authorization', 'Bearer'],
    ['Authorization', 'Basic YTpi'],
    ['X-Forwarded-For', '198.51.100.9, 203.0.113.7'],
    ['X-Forwarded-For', '2001:db8::7'],
    ['X-Forwarded-For', 'unknown'],
    ['X-Forwarded-Proto', 'http'],
    ['Cookie', 'theme=dark'],
    ['Cookie', '__Host-voicegate=abc'],
    ['Content-Length', '0'],
    ['Content-Length', '5'],
    ['Transfer-Encoding', 'chunked'],
    ['X-Auth-Principal', 'mallory'],
    ['x_auth_principal', 'mallory'],
    ['X-Original-URL', '/admin'],
    ['User-Agent', 'curl\u0001'],
    ['X-Amzn-Trace-Id', 'Root=1-67891233-abcdef012345678912345678'],
    ['x-amzn-trace-id', 'not a trace'],
    ['X-Custom', 'value'],
  ),
  fc.tuple(fc.stringMatching(/^[A-Za-z-]{1,12}$/), fc.string({ maxLength: 12 })),
);

const anyTarget = fc.oneof(
  fc.constantFrom('/', '/voices', '/tts?text=hello', '/tts', '/tts?text=a&text=b', '/tts?text=%ff', '/static/a.js'),
  fc.constantFrom(
    '/a?',
    '/a?b#c',
    '/a//b',
    '/a/../b',
    '/a%2fb',
    '/a;b',
    '',
    '*',
    '/a?api_key=x',
    '/admin',
    '/a?\ufffd',
  ),
  fc.webPath(),
  fc.tuple(fc.webPath(), fc.string({ maxLength: 8 })).map(([path, query]) => `${path}?${query}`),
);

const anyGrant: fc.Arbitrary<Grant> = fc
  .record(
    {
      keyId: fc.constantFrom('AAAAAAAAAAAA', ''),
      expires: fc.constantFrom(NOW / 1000 + 60, NOW / 1000 + 0.5),
      notBefore: fc.constantFrom(NOW / 1000 - 60, NOW / 1000 + 60),
      paths: fc.constantFrom(['/voices'], ['/tts', '/static/*']),
      methods: fc.constantFrom(['GET'], ['POST']),
      sourceCidrs: fc.constantFrom(['203.0.113.0/24'], ['192.0.2.1']),
      rate: fc.constantFrom({ requestsPerMinute: 60, burst: 2 }, { requestsPerMinute: 1, burst: 1 }),
      quota: fc.constant({ day: { requests: 5 } }),
    },
    { requiredKeys: [] },
  )
  .chain((constraints) =>
    fc
      .constantFrom(['tts:synthesize'], [], ['admin'])
      .map((scopes) => ({ principal: 'alice@example.com', scopes, ...constraints })),
  );

const anyCase: fc.Arbitrary<Case> = fc.record({
  request: fc
    .record({
      method: fc.constantFrom('GET', 'GET', 'GET', 'POST', 'HEAD', 'OPTIONS', 'BREW'),
      target: anyTarget,
      extra: fc.array(anyHeader, { maxLength: 3 }),
      withKey: fc.boolean(),
      protocol: fc.constantFrom('HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', ''),
    })
    .map(({ method, target, extra, withKey, protocol }) =>
      // HTTP/0.9 has no headers.
      request({
        method,
        target,
        protocol,
        headers: protocol === '' ? [] : [...(withKey ? request().headers : []), ...extra],
      }),
    ),
  changes: fc.record({
    queryKey: fc.boolean(),
    trustedHops: fc.constantFrom(0, 1, 2),
    requiredScopes: fc.constantFrom([], [{ path: '/tts', scopes: ['tts:synthesize'] }]),
    limits: fc.constantFrom({}, { synthesisPerMinute: 1, requestsPerMinute: 2 }, { inFlight: 1, queue: 0 }),
  }),
  grant: fc.oneof(fc.constant(simple), anyGrant),
  age: fc.constantFrom(0, 30, 59.999, 60, 100),
  before: fc.constantFrom(0, 0, 1, 2),
});

describe('the short way', () => {
  it('lets nothing pass that the long way would not let pass in the very same manner', () => {
    fc.assert(
      fc.property(anyCase, (given) => {
        const { short, long, trace, variables, passed, settled, untouched } = bothWays(given);
        if (!passed) {
          expect(JSON.stringify(entriesOf(short.limits))).toBe(untouched);
          expect(entriesOf(short.places)).toEqual([]);
          expect(variables).toEqual({ request_uri: given.request.target });
          return;
        }
        if (settled instanceof Promise) throw new Error('the long way had to wait');
        expect({ ...variables, gate_place: 'some' }).toEqual(written(given.request, settled, trace));
        expect(entriesOf(short.limits)).toEqual(entriesOf(long.limits));
        expect(entriesOf(short.places)).toHaveLength(entriesOf(long.places).length);
      }),
      { numRuns: 20_000 },
    );
  });

  it.each<[string, Partial<GateRequest>, Partial<Grant>]>([
    ['a key in its header', {}, {}],
    ['a key as bearer', { headers: [['Authorization', `Bearer ${KEY}`]] }, {}],
    ['a token', { headers: [['authorization', `bearer ${TOKEN}`]] }, {}],
    ['a text to speak', { target: '/tts?text=hello' }, {}],
    ['a key with constraints that hold', {}, { paths: ['/voices'], expires: NOW / 1000 + 60, methods: ['GET'] }],
    ['a plan', {}, { rate: { requestsPerMinute: 60, burst: 1 } }],
  ])('is taken by %s', (_, changes, constraints) => {
    const given = { request: request(changes), changes: {}, grant: { ...simple, ...constraints }, age: 1, before: 0 };
    const { passed, variables } = bothWays(given);
    expect(passed).toBe(true);
    expect(variables).toMatchObject({ gate_cache: 'hit', gate_key: simple.keyId, gate_target: given.request.target });
  });

  it.each<[string, Partial<GateRequest>, GateChanges, Partial<Grant>]>([
    [
      'sessions',
      { headers: [...request().headers, ['Cookie', 'a=b; __Host-voicegate=x']] },
      { webSession: { lifetime: 60 } },
      {},
    ],
    ['preflights', { method: 'OPTIONS' }, { cors: { allowOrigins: ['*'], maxAge: 1 } }, {}],
    ['a quota', {}, {}, { quota: { day: { requests: 5 } } }],
    [
      'two trace ids',
      { headers: [...request().headers, ['X-Amzn-Trace-Id', 'Root=1'], ['X-Amzn-Trace-Id', 'Root=2']] },
      {},
      {},
    ],
    ['a foreign authorizer', {}, { authorizer: { identitySource: ['$request.header.X-API-Key'] } }, {}],
  ])('is not for %s', (_, changes, options, constraints) => {
    const given = {
      request: request(changes),
      changes: options,
      grant: { ...simple, ...constraints },
      age: 1,
      before: 0,
    };
    expect(bothWays(given).passed).toBe(false);
  });
});
