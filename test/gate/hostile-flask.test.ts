import { beforeAll, describe, expect, it } from 'vitest';
import { credentialDrafts } from './corpus/credential-cases';
import { headerDrafts } from './corpus/header-cases';
import { readRequest } from './corpus/http-syntax';
import { type Forwarded, predict } from './corpus/model';
import { judgeTarget } from './corpus/model-target';
import { pathDrafts } from './corpus/path-cases';
import { type Answer, send } from './corpus/raw-client';
import { type Case, type Draft, keyLine, numbered, raw } from './corpus/raw-request';
import { authorizerOf, KEYS, WORLDS } from './corpus/world';
import type { GateContainers } from './support/gate';
import { gateInFrontOf } from './support/gate-world';
import { Gunicorn } from './support/gunicorn';

interface Report {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly remoteAddr: string;
  readonly scheme: string;
  readonly host: string;
  readonly scriptRoot: string;
  readonly rawTarget: string;
  readonly environ: Readonly<Record<string, string>>;
}

const world = WORLDS.strict;

/** The cases whose first request the model passes on, with an answer that has a body. */
const passed = (...drafts: readonly Draft[]): readonly Case[] =>
  numbered(drafts, 'w')
    .filter((one) => {
      const forwarded = one.world === 'strict' ? predict(one.bytes, world).outcomes[0]?.forwarded : undefined;
      return forwarded !== undefined && forwarded.method !== 'HEAD' && forwarded.host !== undefined;
    })
    // What comes last need not reach the app here: without a key the gate answers it.
    .map((one) => ({ ...one, bytes: one.bytes.replace(/\/static(\/sentinel HTTP\/1\.1\r\n[^/]*)$/, '/voices$1') }));

const CASES = {
  bare: passed(...pathDrafts(), ...headerDrafts(), ...credentialDrafts()),
  // It differs by what it believes of headers, and sees the same paths.
  trusting: passed(...headerDrafts(), ...credentialDrafts()),
};

describe.each(['bare', 'trusting'] as const)('a %s Flask app behind the gate', (kind) => {
  const { startGate } = gateInFrontOf(new Gunicorn(kind), authorizerOf(world));
  let gate: GateContainers;

  beforeAll(async () => {
    gate = await startGate(world.options);
  });

  it(`sees in ${CASES[kind].length} hostile requests the path that was decided on, and the client that the gate names`, async () => {
    expect(CASES[kind].length).toBeGreaterThan(1000);
    const problems: string[] = [];
    const queue = [...CASES[kind]];
    const worker = async () => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const { answers } = await send({ port: gate.port, bytes: next.bytes });
        problems.push(...(await faults(next, answers[0])).map((text) => `${next.name}: ${text}`));
      }
    };
    await Promise.all(Array.from({ length: 8 }, worker));
    expect(problems.join('\n')).toBe('');
  }, 60_000);

  it('sees the address behind the load balancer, https, and the host that the client named', async () => {
    const seen = await report([
      'X-Forwarded-For: 10.0.0.1, 203.0.113.9',
      'X-Forwarded-Proto: https',
      'X-Forwarded-Port: 443',
      'X-Forwarded-Host: evil.test',
      'X-Forwarded-Prefix: /admin',
    ]);
    expect(seen.host).toBe('app.test');
    expect(seen.scriptRoot).toBe('');
    expect(seen.scheme).toBe('https');
    expect(seen.remoteAddr).toBe(kind === 'trusting' ? '203.0.113.9' : '127.0.0.1');
    expect(seen.environ.HTTP_X_FORWARDED_FOR).toBe('203.0.113.9');
  });

  it('sees plain http where the load balancer says so', async () => {
    const seen = await report(['X-Forwarded-For: 203.0.113.9', 'X-Forwarded-Proto: http', 'X-Forwarded-Ssl: on']);
    expect(seen.scheme).toBe('http');
  });

  it('sees one identity, whatever else the client calls itself', async () => {
    const seen = await report([
      'X-Auth-Principal: root',
      'X_Auth_Principal: root',
      'X-Auth_Scopes: admin',
      'x-auth-key-id: root',
      'Remote_User: root',
      'Proxy: http://evil.test',
      'Content_Length: 5',
    ]);
    const identity = Object.entries(seen.environ).filter(([name]) => /AUTH|USER|PROXY/.test(name));
    expect(Object.fromEntries(identity)).toEqual({
      HTTP_X_AUTH_PRINCIPAL: 'acme',
      HTTP_X_AUTH_KEY_ID: KEYS.good.id,
      HTTP_X_AUTH_SCOPES: 'tts:synthesize%20voices:read',
    });
  });

  it('gets the headers that an app may want', async () => {
    const seen = await report([
      'User-Agent: a browser',
      'Accept: audio/wav',
      'Accept-Language: zh, en;q=0.5',
      'Content-Type: application/json',
      'Cookie: a=b; c=d',
      'Origin: https://page.test',
      'Range: bytes=0-99',
      'If-None-Match: "x"',
      'X-Amzn-Trace-Id: Root=1-67891233-abcdef012345678912345678',
      'X-Custom: a, b',
    ]);
    expect(seen.environ).toMatchObject({
      HTTP_USER_AGENT: 'a browser',
      HTTP_ACCEPT: 'audio/wav',
      HTTP_ACCEPT_LANGUAGE: 'zh, en;q=0.5',
      HTTP_COOKIE: 'a=b; c=d',
      HTTP_ORIGIN: 'https://page.test',
      HTTP_RANGE: 'bytes=0-99',
      HTTP_IF_NONE_MATCH: '"x"',
      HTTP_X_AMZN_TRACE_ID: 'Root=1-67891233-abcdef012345678912345678',
      HTTP_X_CUSTOM: 'a, b',
    });
  });

  async function report(headers: readonly string[]): Promise<Report> {
    const bytes = raw({ target: '/tts', headers: [keyLine(KEYS.good.text), ...headers, 'Connection: close'] });
    const { answers } = await send({ port: gate.port, bytes });
    expect(answers.map(({ status }) => status)).toEqual([200]);
    return JSON.parse(answers[0]?.body ?? '');
  }

  async function faults({ bytes }: Case, got: Answer | undefined): Promise<readonly string[]> {
    const [outcome] = predict(bytes, world).outcomes;
    if (got === undefined) return ['no answer'];
    // What may be refused is not this test's subject.
    if (got.status !== 200) return outcome?.refused.includes(got.status) ? [] : [`answered ${got.status}`];
    const expected = outcome?.forwarded as Forwarded;
    const reading = readRequest(bytes, 0);
    const target = reading.kind === 'request' ? judgeTarget(reading.request.target, []) : undefined;
    const seen: Report = JSON.parse(got.body);
    const wanted = {
      method: expected.method,
      path: target?.kind === 'path' ? target.path : '?',
      remoteAddr: kind === 'trusting' ? expected.forwardedFor : '127.0.0.1',
      scheme: expected.proto,
      scriptRoot: '',
      principal: expected.principal ?? '',
      keyId: expected.keyId ?? '',
    };
    const seenFacts = {
      ...seen,
      principal: seen.environ.HTTP_X_AUTH_PRINCIPAL ?? '',
      keyId: seen.environ.HTTP_X_AUTH_KEY_ID ?? '',
    };
    return Object.entries(wanted).flatMap(([name, value]) => {
      const have = seenFacts[name as keyof typeof wanted];
      return have === value ? [] : [`${name} is ${JSON.stringify(have)}, expected ${JSON.stringify(value)}`];
    });
  }
});
