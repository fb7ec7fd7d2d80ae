import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { App } from './support/app';
import type { GateContainers } from './support/gate';
import { gateWorld } from './support/gate-world';
import { call, newKey, withKey } from './support/http';
import { allow, CREDENTIALS, functionError, HANG, LambdaEndpoint, RawAnswer, RESET } from './support/lambda-endpoint';

const { app, lambda, gateForTest } = gateWorld();

/** nginx's workers, and how many sockets they hold. */
function workers(gate: GateContainers): { readonly ids: readonly string[]; readonly sockets: number } {
  const master = readFileSync(join(gate.directory, 'nginx.pid'), 'utf8').trim();
  const ids = readFileSync(`/proc/${master}/task/${master}/children`, 'utf8').trim().split(' ');
  const sockets = ids.flatMap((id) =>
    readdirSync(`/proc/${id}/fd`).filter((file) => {
      try {
        return readlinkSync(`/proc/${id}/fd/${file}`).startsWith('socket:');
      } catch {
        return false;
      }
    }),
  );
  return { ids, sockets: sockets.length };
}

const FAULTS: readonly (readonly [string, () => unknown])[] = [
  ['answers 500', () => new RawAnswer(500, '{"message":"internal"}')],
  ['is throttled', () => new RawAnswer(429, '{"Reason":"ConcurrentInvocationLimitExceeded"}')],
  ['answers what is no JSON', () => new RawAnswer(200, '<html>')],
  ['answers an empty body', () => new RawAnswer(200, '')],
  ['fails', () => functionError('the table is gone')],
  ['breaks the connection', () => RESET],
  ['hangs', () => HANG],
];

describe('while the authorizer', () => {
  it.each(FAULTS)('%s, known keys are served, nobody else gets in, and all is well afterwards', async (_, fault) => {
    const gate = await gateForTest({ authorizer: { timeout: 300, staleGrace: 60 } });
    const known = newKey();
    lambda.behaviour = () => allow({}, 1);
    expect((await call(gate.url, '/tts', withKey(known))).status).toBe(200);
    const before = workers(gate);
    await sleep(1100);
    app.reset();

    lambda.behaviour = fault;
    const strangers = Array.from({ length: 12 }, newKey);
    const answers = await Promise.all([
      ...Array.from({ length: 8 }, () => call(gate.url, '/tts', withKey(known))),
      ...strangers.map((key) => call(gate.url, '/tts', withKey(key))),
    ]);
    expect(answers.slice(0, 8).map(({ status }) => status)).toEqual(Array(8).fill(200));
    for (const answer of answers.slice(8)) {
      // 429: of many at once only so many are asked about.
      expect([503, 429]).toContain(answer.status);
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    }
    expect(answers.slice(8).some(({ status }) => status === 503)).toBe(true);
    expect(app.received).toHaveLength(8);
    expect(await gate.line((line) => line.cache === 'stale')).toMatchObject({ decision: 'allow', status: 200 });

    lambda.behaviour = () => allow({}, 1);
    await expect.poll(async () => (await call(gate.url, '/tts', withKey(newKey()))).status).toBe(200);
    // The same workers, and of the connections none but those that are kept on purpose.
    expect(workers(gate).ids).toEqual(before.ids);
    await expect.poll(() => workers(gate).sockets).toBeLessThanOrEqual(before.sockets + 20 + 16);
    const log = gate.stdout + gate.stderr;
    for (const key of [known, ...strangers]) expect(log).not.toContain(key.slice(-49));
    expect(log).not.toContain(CREDENTIALS.secretAccessKey);
    expect(log).not.toContain('the table is gone');
  });

  it('closes a kept connection just as it is used, the call is made again on another, whole', async () => {
    const gate = await gateForTest();
    expect((await call(gate.url, '/tts', withKey(newKey()))).status).toBe(200);
    let calls = 0;
    lambda.behaviour = () => (calls++ === 0 ? RESET : allow());
    expect((await call(gate.url, '/tts', withKey(newKey()))).status).toBe(200);
    expect(calls).toBe(2);
    const [first, second] = lambda.invocations.slice(-2);
    expect(second).toEqual(first);
    expect(gate.stderr).not.toContain('[alert]');
  });

  it('is slow, but within its time, requests wait for it', async () => {
    const gate = await gateForTest({ authorizer: { timeout: 2000 } });
    lambda.behaviour = async () => {
      await sleep(400);
      return allow();
    };
    const key = newKey();
    const answers = await Promise.all(Array.from({ length: 20 }, () => call(gate.url, '/tts', withKey(key))));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(lambda.invocations).toHaveLength(1);
  });

  it('fails for longer than the grace, known keys are refused too', async () => {
    const gate = await gateForTest({ authorizer: { timeout: 300, staleGrace: 2 } });
    const key = newKey();
    lambda.behaviour = () => allow({}, 1);
    expect((await call(gate.url, '/tts', withKey(key))).status).toBe(200);
    lambda.behaviour = () => RESET;
    await expect.poll(async () => (await call(gate.url, '/tts', withKey(key))).status).toBe(503);
    app.reset();
    expect((await call(gate.url, '/tts', withKey(key))).status).toBe(503);
    expect(app.received).toEqual([]);
  });

  it('is gone with all connections to it, nobody new gets in', async () => {
    const own = await LambdaEndpoint.start();
    const gate = await gateForTest({ authorizer: { timeout: 500 } }, { lambdaUrl: own.url });
    expect((await call(gate.url, '/tts', withKey(newKey()))).status).toBe(200);
    await own.stop();
    expect((await call(gate.url, '/tts', withKey(newKey()))).status).toBe(503);
  });
});

describe('credentials of the task', () => {
  interface Endpoint {
    readonly app: App;
    asked: number;
    answer: () => { readonly status: number; readonly body: object };
  }

  const valid = (seconds: number, secret = CREDENTIALS.secretAccessKey) => ({
    AccessKeyId: CREDENTIALS.accessKeyId,
    SecretAccessKey: secret,
    Token: CREDENTIALS.sessionToken,
    Expiration: new Date(Date.now() + seconds * 1000).toISOString(),
  });

  async function endpoint(): Promise<Endpoint> {
    const server = await App.start();
    onTestFinished(() => server.stop());
    const found: Endpoint = { app: server, asked: 0, answer: () => ({ status: 200, body: valid(3600) }) };
    server.handler = (_, response) => {
      found.asked++;
      const { status, body } = found.answer();
      response.writeHead(status).end(JSON.stringify(body));
      return true;
    };
    return found;
  }

  function gateOf({ app: server }: Endpoint): Promise<GateContainers> {
    const env = {
      AWS_ACCESS_KEY_ID: undefined,
      AWS_SECRET_ACCESS_KEY: undefined,
      AWS_SESSION_TOKEN: undefined,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${server.port}/task`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'a-token-of-the-task',
    };
    return gateForTest({}, { env });
  }

  const ask = async (gate: GateContainers) => (await call(gate.url, '/x', withKey(newKey()))).status;

  it('that expire soon are renewed, and serve until then when their endpoint is gone', async () => {
    const source = await endpoint();
    source.answer = () => ({ status: 200, body: valid(60) });
    const gate = await gateOf(source);
    expect([await ask(gate), await ask(gate)]).toEqual([200, 200]);
    expect(source.asked).toBe(2);
    await source.app.stop();
    expect(await ask(gate)).toBe(200);
    await source.app.listen();
  });

  it.each<[string, Endpoint['answer']]>([
    ['are expired', () => ({ status: 200, body: valid(-10) })],
    ['are incomplete', () => ({ status: 200, body: { AccessKeyId: 'x' } })],
    ['are not given', () => ({ status: 404, body: { message: 'no role' } })],
  ])('that %s let nobody in', async (_, answer) => {
    const source = await endpoint();
    source.answer = answer;
    const gate = await gateOf(source);
    expect(await ask(gate)).toBe(503);
    expect(lambda.invocations).toEqual([]);
    source.answer = () => ({ status: 200, body: valid(3600) });
    await expect.poll(() => ask(gate)).toBe(200);
    expect(gate.stdout + gate.stderr).not.toContain(CREDENTIALS.secretAccessKey);
    expect(gate.stdout + gate.stderr).not.toContain('a-token-of-the-task');
  });

  it('that AWS refuses are fetched anew', async () => {
    const source = await endpoint();
    source.answer = () => ({ status: 200, body: valid(3600, 'another-secret') });
    const gate = await gateOf(source);
    expect(await ask(gate)).toBe(503);
    source.answer = () => ({ status: 200, body: valid(3600) });
    await expect.poll(() => ask(gate)).toBe(200);
  });

  it('whose endpoint is gone let nobody in until it is back', async () => {
    const source = await endpoint();
    await source.app.stop();
    const gate = await gateOf(source);
    expect(await ask(gate)).toBe(503);
    await source.app.listen();
    await expect.poll(() => ask(gate)).toBe(200);
  });
});
