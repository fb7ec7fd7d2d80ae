import OpenAI from 'openai';
import { beforeAll, describe, expect, it } from 'vitest';
import type { GateContainers } from './support/gate';
import { gateWorld } from './support/gate-world';
import { call, newKey, withKey } from './support/http';
import { deny } from './support/lambda-endpoint';

const { app, lambda, startGate, gateForTest } = gateWorld();
const SPEECH = '/v1/audio/speech';
let gate: GateContainers;

beforeAll(async () => {
  gate = await startGate();
});

let clients = 0;
const from = () => ({ 'X-Forwarded-For': `198.51.${100 + Math.floor(clients / 250)}.${(clients++ % 250) + 1}` });

/** What OpenAI's client makes of a refusal. */
async function refusal(base: string, apiKey = newKey(), headers = from()) {
  const client = new OpenAI({ baseURL: base, apiKey, maxRetries: 0, defaultHeaders: headers });
  const failed: unknown = await client.audio.speech
    .create({ model: 'tts-1', voice: 'alloy', input: 'hello' })
    .catch((error: unknown) => error);
  if (!(failed instanceof OpenAI.APIError)) throw new Error('was not refused');
  return failed;
}

describe('a refusal below /v1', () => {
  it.each([
    ['without a key', {}, 401, 'invalid_api_key', /No API key came\. Send it as Authorization: Bearer vg_/],
    ['with a malformed key', { 'x-api-key': 'vg_short' }, 401, 'invalid_api_key', /is not accepted/],
    [
      'with two keys',
      { 'x-api-key': newKey(), authorization: `Bearer ${newKey()}` },
      400,
      'invalid_request',
      /Send one/,
    ],
    ['without Bearer', { authorization: newKey() }, 401, 'invalid_api_key', /Write the word Bearer before the key/],
  ])('%s has the shape of OpenAI, and says what to do', async (_, headers, status, code, message) => {
    const answer = await call(gate.url, SPEECH, { method: 'POST', headers: { ...headers, ...from() } });
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.json()).toMatchObject({
      error: { message: expect.stringMatching(message), type: 'invalid_request_error', param: null, code },
      requestId: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
  });

  it('reaches whoever uses the openai library', async () => {
    lambda.behaviour = () => deny(401);
    const refused = await refusal(`${gate.url}/v1`);
    expect(refused).toBeInstanceOf(OpenAI.AuthenticationError);
    expect(refused.message).toMatch(/^401 The API key is not accepted/);
    expect(refused.code).toBe('invalid_api_key');
  });

  it.each(['/v1/', '//v1'])('tells whose base URL is %s of the slash too many', async (base) => {
    const refused = await call(gate.url, `${base}/audio/speech`, { method: 'POST', headers: from() });
    expect(refused.status).toBe(400);
    expect(refused.json()).toMatchObject({
      error: { message: 'The path holds //: leave out the slash at the end of the base URL.', code: 'invalid_request' },
    });
  });

  it('says which limit was reached, and when it ends', async () => {
    const strict = await gateForTest({ limits: { synthesisPerMinute: 1 } });
    const headers = from();
    const key = newKey();
    await call(strict.url, '/tts?text=a', withKey(key, headers));
    const refused = await refusal(`${strict.url}/v1`, key, headers);
    expect(refused).toBeInstanceOf(OpenAI.RateLimitError);
    expect(refused.message).toMatch(/the limit of 1 requests for speech a minute is reached\. Try again in \d+ s\./);
    expect([refused.code, refused.type]).toEqual(['rate_limit_exceeded', 'requests']);
  });

  it('has that shape when nginx refuses by itself, too', async () => {
    const small = await gateForTest({ maxBodyBytes: 100 });
    const answer = await call(small.url, SPEECH, {
      method: 'POST',
      body: 'x'.repeat(200),
      ...withKey(newKey(), from()),
    });
    expect(answer.status).toBe(413);
    expect(answer.json()).toMatchObject({ error: { message: expect.stringContaining('body is too large') } });
  });
});

describe('a refusal elsewhere', () => {
  it('keeps the short shape', async () => {
    const answer = await call(gate.url, '/tts?text=a', { headers: from() });
    expect(answer.json()).toEqual({ error: 'Unauthorized', requestId: expect.any(String) });
    expect((await call(gate.url, '/v10', { headers: from() })).json()).toMatchObject({ error: 'Unauthorized' });
  });

  it('has the same hint for a key without Bearer', async () => {
    const key = newKey();
    const answer = await call(gate.url, '/tts?text=a', { headers: { authorization: key, ...from() } });
    expect(answer.status).toBe(401);
    expect(answer.json()).toMatchObject({ error: 'Unauthorized', detail: expect.stringMatching(/word Bearer/) });
    expect(JSON.stringify(answer.json())).not.toContain(key.slice(3));
  });
});

describe('a query that is not UTF-8', () => {
  it.each(['text=%C4%E3%BA%C3', 'text=%ff', 'text=%ED%A0%80', 'text=%C0%80', 'text=a&x=%E4%BD', 'text=%F5%80%80%80'])(
    '%s is 400 and never reaches the app',
    async (query) => {
      const before = app.received.length;
      const answer = await call(gate.url, `/tts?${query}`, withKey(newKey(), from()));
      expect(answer.status).toBe(400);
      expect(app.received.length).toBe(before);
    },
  );

  it.each(['text=%E4%BD%A0%E5%A5%BD', 'text=%F0%9F%98%80%C3%A9', 'text=100%', 'text=%zz%8', 'text=%e4%bd%a0a%20+b'])(
    '%s passes',
    async (query) => {
      const answer = await call(gate.url, `/tts?${query}`, withKey(newKey(), from()));
      expect(answer.status).toBe(200);
    },
  );
});
