import { beforeAll, describe, expect, it } from 'vitest';
import type { GateContainers } from './support/gate';
import { gateWorld } from './support/gate-world';
import { type Answer, call, newKey, withKey } from './support/http';
import { allow, deny } from './support/lambda-endpoint';

describe.each([1, 4])('limits with %i workers', (workers) => {
  const { app, lambda, startGate, gateForTest } = gateWorld();
  const options = {
    workers,
    publicRoutes: ['/static/*', '/voicegate-page/*'].map((path) => ({ method: 'GET' as const, path })),
    limits: {
      requestsPerMinute: 60,
      synthesisPerMinute: 10,
      missesPerMinute: 10,
      inFlight: 4,
      queue: 2,
      invocations: 100,
    },
  };
  let gate: GateContainers;

  beforeAll(async () => {
    gate = await startGate(options);
  });

  let clients = 0;
  const client = () => ({ 'X-Forwarded-For': `203.0.113.${++clients}` });
  const statuses = (answers: readonly Answer[]) => {
    const counts: Record<number, number> = {};
    for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
    return counts;
  };
  const inTurn = async (count: number, request: () => Promise<Answer>) => {
    const answers: Answer[] = [];
    for (let i = 0; i < count; i++) answers.push(await request());
    return answers;
  };

  it('refuses the eleventh synthesis request of a minute, with the exact time until the next', async () => {
    const key = newKey();
    const from = client();
    const start = Date.now();
    const answers = await inTurn(10, () => call(gate.url, '/tts?text=x', withKey(key, from)));
    expect(statuses(answers)).toEqual({ 200: 10 });
    const before = Date.now();
    const refused = await call(gate.url, '/v1/audio/speech', { method: 'POST', ...withKey(key, from) });
    expect(refused.status).toBe(429);
    const after = Date.now();
    // The first of the ten leaves the window a minute after it came; the answer says when, rounded up.
    const retryAfter = Number(refused.headers['retry-after']);
    expect(retryAfter).toBeGreaterThanOrEqual(Math.ceil((60_000 - (after - start)) / 1000));
    expect(retryAfter).toBeLessThanOrEqual(Math.ceil((60_000 - (before - start) + 1000) / 1000));
    expect(app.received).toHaveLength(10);
    expect((await call(gate.url, '/voices', withKey(key, from))).status).toBe(200);
    expect((await call(gate.url, '/tts?text=x', withKey(key, client()))).status).toBe(200);
  });

  it('lets exactly ten of many synthesis requests at once pass', async () => {
    const key = newKey();
    const from = client();
    await call(gate.url, '/warm', withKey(key, client()));
    // In rounds that the places in flight can hold, so that nothing but the rate refuses.
    const answers: Answer[] = [];
    for (let round = 0; round < 10; round++) {
      answers.push(...(await Promise.all(Array.from({ length: 4 }, () => call(gate.url, '/tts', withKey(key, from))))));
    }
    expect(statuses(answers)).toEqual({ 200: 10, 429: 30 });
  });

  it('refuses the sixty-first request of a minute on any path, also of somebody without credential', async () => {
    const from = client();
    const answers = await inTurn(61, () => call(gate.url, '/static/x', { headers: from }));
    expect(statuses(answers)).toEqual({ 200: 60, 429: 1 });
    const anonymous = client();
    expect(statuses(await inTurn(61, () => call(gate.url, '/tts', { headers: anonymous })))).toEqual({
      401: 60,
      429: 1,
    });
  });

  it('does not refuse a class behind one address for looking at the page: its files are counted apart', async () => {
    const from = client();
    const files = await inTurn(90, () => call(gate.url, '/voicegate-page/app.js', { headers: from }));
    expect(statuses(files)).toEqual({ 200: 90 });
    expect(statuses(await inTurn(61, () => call(gate.url, '/static/x', { headers: from })))).toEqual({
      200: 60,
      429: 1,
    });
    expect((await call(gate.url, '/voicegate-page/app.js', { headers: from })).status).toBe(200);
    // They have a limit too: ten times as many.
    const more = await inTurn(510, () => call(gate.url, '/voicegate-page/app.js', { headers: from }));
    expect(statuses(more)).toEqual({ 200: 509, 429: 1 });
  });

  it('counts an IPv6 client by its /64 network', async () => {
    const key = newKey();
    const at = (host: string) => ({ 'X-Forwarded-For': `2001:db8:0:${workers}::${host}` });
    await inTurn(10, () => call(gate.url, '/tts', withKey(key, at((++clients).toString(16)))));
    expect((await call(gate.url, '/tts', withKey(key, at('ffff:1')))).status).toBe(429);
    expect((await call(gate.url, '/tts', withKey(key, { 'X-Forwarded-For': '2001:db8:1::1' }))).status).toBe(200);
  });

  it('gives a key with a plan its own rate instead, wherever it comes from', async () => {
    const key = newKey();
    lambda.reset(() => allow({ keyId: `plan${workers}`, rate: { requestsPerMinute: 6, burst: 15 } }));
    const answers = await inTurn(16, () => call(gate.url, '/tts', withKey(key, client())));
    expect(statuses(answers)).toEqual({ 200: 15, 429: 1 });
    // One token every ten seconds; little of the first ten has passed.
    expect(Number(answers[15]?.headers['retry-after'])).toBeGreaterThanOrEqual(5);
    expect(Number(answers[15]?.headers['retry-after'])).toBeLessThanOrEqual(10);
  });

  it('bounds unknown credentials a client, but not good ones', async () => {
    const from = client();
    lambda.reset(() => deny(401));
    const answers = await inTurn(11, () => call(gate.url, '/x', withKey(newKey(), from)));
    expect(statuses(answers)).toEqual({ 401: 10, 429: 1 });
    expect(lambda.invocations).toHaveLength(10);
    const good = client();
    lambda.reset(() => allow());
    expect(statuses(await inTurn(15, () => call(gate.url, '/x', withKey(newKey(), good))))).toEqual({ 200: 15 });
  });

  it('never has more requests in the app than allowed, queues a few and refuses the rest at once', async () => {
    // A key alone, which need not leave room for others.
    const own = await gateForTest(options);
    const key = newKey();
    const waiting: (() => void)[] = [];
    app.handler = async (_, response) => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      response.end('done');
      return true;
    };
    const requests = Array.from({ length: 12 }, () => call(own.url, '/slow', withKey(key, client())));
    const early = new Set<Answer>();
    for (const request of requests) void request.then((answer) => early.add(answer));
    // All places are taken and seen in the app before one is free again.
    while (early.size < 6 || waiting.length < 4) await new Promise((resolve) => setTimeout(resolve, 5));
    expect([...early].map((answer) => [answer.status, answer.headers['retry-after']])).toEqual(
      Array(6).fill([503, '1']),
    );
    const timer = setInterval(() => waiting.shift()?.(), 5);
    const answers = await Promise.all(requests);
    clearInterval(timer);
    expect(statuses(answers)).toEqual({ 200: 6, 503: 6 });
    expect(app.mostInFlight).toBe(4);
  });

  it('frees the place of a request whose client has gone', async () => {
    for (let i = 0; i < 8; i++) {
      const abort = new AbortController();
      app.handler = () => true;
      const gone = fetch(`${gate.url}/static/x`, { signal: abort.signal, headers: client() }).catch(() => undefined);
      while (app.received.length <= i) await new Promise((resolve) => setTimeout(resolve, 5));
      abort.abort();
      await gone;
    }
    app.reset();
    expect((await call(gate.url, '/static/x', { headers: client() })).status).toBe(200);
  });
});
