import { beforeAll, describe, expect, it } from 'vitest';
import type { GateContainers } from './support/gate';
import { gateWorld } from './support/gate-world';
import { type Answer, call, newKey, withKey } from './support/http';

const RULES = { maxCharacters: { text: 5, input: 8 }, refusesControl: true, refusesUnreadable: true };
const TOO_LONG = 'The request has 6 characters in text, at most 5 are allowed; send it in parts.';
const CONTROL = 'The request has a control character in text, other than tab and line break; leave it out.';

describe('rules of the text', () => {
  const { app, startGate } = gateWorld();
  let gate: GateContainers;
  let key: string;
  let clients = 0;
  const from = () => ({ 'X-Forwarded-For': `203.0.113.${++clients % 250}` });
  const post = (path: string, body: object | string, headers: Record<string, string> = {}) =>
    call(gate.url, path, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      ...withKey(key, { 'Content-Type': 'application/json', ...headers, ...from() }),
    });
  const get = (text: string) => call(gate.url, `/tts?text=${encodeURIComponent(text)}`, withKey(key, from()));
  const json = (answer: Answer) => [answer.status, answer.json()] as const;

  beforeAll(async () => {
    gate = await startGate({
      textRules: RULES,
      publicRoutes: [{ method: 'POST', path: '/open' }],
      synthesisPaths: ['/tts', '/open', '/v1/audio/speech'],
      limits: { requestsPerMinute: 1000, synthesisPerMinute: 1000 },
    });
    key = newKey();
  });

  it('let pass what keeps to them: in characters, not bytes, with tabs and line breaks', async () => {
    const { length } = app.received;
    for (const text of ['你好世界😀', 'a\tb\r\n', '']) {
      expect((await get(text)).status).toBe(200);
      expect((await post('/tts', { text })).status).toBe(200);
    }
    expect((await post('/v1/audio/speech', { input: 'ei\u0301ght a' })).status).toBe(200);
    expect(app.received).toHaveLength(length + 7);
  });

  it('refuse a longer text by the query, before and after the decision is cached, and by a body', async () => {
    const { length } = app.received;
    const fresh = newKey();
    const answers = [
      await call(gate.url, '/tts?text=sixsix', withKey(fresh, from())),
      await call(gate.url, '/tts?text=sixsix', withKey(fresh, from())),
      await post('/tts', { text: '六六六六六六' }),
      await post('/tts', 'text=sixsix', { 'Content-Type': 'application/x-www-form-urlencoded' }),
    ];
    for (const answer of answers) {
      expect(json(answer)).toEqual([400, { error: 'Bad Request', requestId: expect.any(String), detail: TOO_LONG }]);
    }
    expect(app.received).toHaveLength(length);
  });

  it('say it in OpenAI’s shape on OpenAI’s paths, with a length of their own', async () => {
    const [status, { error }] = json(await post('/v1/audio/speech', { input: 'nine char' }));
    expect([status, error]).toEqual([
      400,
      {
        message: 'The request has 9 characters in input, at most 8 are allowed; send it in parts.',
        type: 'invalid_request_error',
        param: null,
        code: 'text_too_long',
      },
    ]);
    expect(json(await post('/v1/audio/speech', { input: 'a\u0000' }))[1].error.code).toBe('invalid_text');
  });

  it.each(['\u0000', '\u0008', '\u000b', '\u001f', '\u007f', '\u0085', '\u009f'])(
    'refuse the control character %j',
    async (character) => {
      // A NUL in a query is refused as such: readers differ in what it ends.
      if (character !== '\u0000') expect(json(await get(`a${character}`))[1].detail).toBe(CONTROL);
      expect(json(await post('/tts', { text: `a${character}` }))).toMatchObject([400, { detail: CONTROL }]);
    },
  );

  it('hold where no key is needed', async () => {
    const open = (text: string) =>
      call(gate.url, '/open', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...from() },
        body: JSON.stringify({ text }),
      });
    expect(json(await open('sixsix'))).toMatchObject([400, { detail: TOO_LONG }]);
    expect((await open('five5')).status).toBe(200);
  });

  it('cannot be gone around by a body that the gate does not read', async () => {
    const { length } = app.received;
    const around = [
      await post('/tts', '{"text":"sixsix"}', { 'Content-Type': 'text/plain' }),
      await post('/tts', '{"text":"a","text":"sixsix"}'),
      await post('/tts', '{"words":"sixsix"}'),
      await call(gate.url, '/tts', withKey(key, from())),
    ];
    expect(around.map(({ status }) => status)).toEqual([415, 400, 400, 400]);
    expect(app.received).toHaveLength(length);
  });

  it('leave alone what asks for no speech', async () => {
    expect((await post('/notes', { text: 'much longer than five' })).status).toBe(200);
    expect((await call(gate.url, '/voices?text=sixsix', withKey(key, from()))).status).toBe(200);
  });

  it('are told in the log by their reason', async () => {
    await post('/tts', { text: 'sixsix' });
    await expect.poll(() => gate.lines().map(({ reason }) => reason)).toContain('text_too_long');
  });
});

describe('rules that the app has itself', () => {
  const { app, startGate } = gateWorld();

  it('leave what the gate cannot read to the app', async () => {
    const gate = await startGate({ textRules: { ...RULES, refusesControl: false, refusesUnreadable: false } });
    const key = newKey();
    const { length } = app.received;
    const plain = { method: 'POST', body: 'sixsix', ...withKey(key, { 'Content-Type': 'text/plain' }) };
    expect((await call(gate.url, '/tts', plain)).status).toBe(200);
    expect((await call(gate.url, '/tts?text=a%0b', withKey(key))).status).toBe(200);
    expect((await call(gate.url, '/tts?text=sixsix', withKey(key))).status).toBe(400);
    expect(app.received).toHaveLength(length + 2);
  });
});
