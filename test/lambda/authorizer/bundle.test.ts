import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeDecision } from '../../../contract/authorizer-answer';
import type { AuthorizerEvent, SimpleAnswer } from '../../../contract/authorizer-event';
import { bundlePath } from '../../../lib/shared/package-root';
import { gateEvent, tokenEvent } from './events';
import { type KeyTableServer, startKeyTable } from './key-table';
import { issueKey } from './keys';
import { newSigningKey, signToken, startIssuer } from './token-issuer-server';

const bundle = bundlePath('lambda/authorizer/index.mjs');
let server: KeyTableServer;

beforeAll(async () => {
  server = await startKeyTable();
});
afterAll(async () => {
  await server?.stop();
});

/** Invokes the bundle in a fresh process, as Lambda's runtime does: one JSON answer or error each event. */
async function invoke(
  env: Readonly<Record<string, string>>,
  ...events: readonly AuthorizerEvent[]
): Promise<{ readonly answers: readonly unknown[]; readonly log: string; readonly errors: string }> {
  const program = `
    const { handler } = await import(${JSON.stringify(pathToFileURL(bundle).href)});
    const answers = [];
    for (const event of JSON.parse(process.env.EVENTS)) {
      answers.push(await handler(event).catch((error) => ({ errorMessage: error.message })));
    }
    console.error(JSON.stringify(answers));
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    env: { ...env, EVENTS: JSON.stringify(events) },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 20_000,
  });
  const [log, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { log, errors, answers: errors.startsWith('[') ? (JSON.parse(errors) as readonly unknown[]) : [] };
}

describe('the authorizer’s bundle in a process of its own', () => {
  it('decides from the table and writes one line of JSON each decision, without a secret', async () => {
    const good = issueKey();
    await server.put(good.record);
    const revoked = issueKey({ revokedAt: 1 });
    await server.put(revoked.record);
    const env = { ...server.env, KEY_TABLE_NAME: server.table, POSITIVE_TTL: '5', NEGATIVE_TTL: '2' };
    const { answers, log } = await invoke(
      env,
      gateEvent({ headers: { 'x-api-key': good.text } }),
      gateEvent({ headers: { authorization: `Bearer ${revoked.text}` } }),
      tokenEvent(issueKey().text),
    );
    const [first, second, third] = answers;
    expect(decodeDecision((first as SimpleAnswer).context)).toMatchObject({
      outcome: 'allow',
      ttl: 5,
      grant: { keyId: good.key.keyId, principal: 'acme' },
    });
    expect(decodeDecision((second as SimpleAnswer).context)).toMatchObject({ reason: 'revoked', ttl: 2 });
    expect(third).toEqual({ errorMessage: 'Unauthorized' });

    expect((await server.get(good.key.keyId))?.lastUsedAt).toBeGreaterThan(1_700_000_000);
    expect((await server.get(revoked.key.keyId))?.lastUsedAt).toBeUndefined();
    const lines = log.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).outcome)).toEqual(['allow', 'deny', 'deny']);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'info',
      keyId: good.key.keyId,
      time: expect.any(String),
    });
    for (const secret of [good.key.secret, revoked.key.secret, good.record.hash]) expect(log).not.toContain(secret);
  });

  it('decides about tokens of a configured issuer', async () => {
    const key = await newSigningKey('ES256', 'ec-1');
    const issuer = await startIssuer(key);
    try {
      const exp = Math.floor(Date.now() / 1000) + 600;
      const token = await signToken(key, { iss: issuer.issuer, aud: 'speech', sub: 'alice', exp, scope: 'a b' });
      const env = {
        ...server.env,
        KEY_TABLE_NAME: server.table,
        TOKEN_ISSUERS: JSON.stringify([{ issuer: issuer.issuer, audiences: ['speech'] }]),
      };
      const headers = { authorization: `Bearer ${token}` };
      const { answers, log } = await invoke(
        env,
        gateEvent({ headers }),
        gateEvent({ headers: { authorization: `${headers.authorization}x` } }),
      );
      expect(decodeDecision((answers[0] as SimpleAnswer).context)).toEqual({
        outcome: 'allow',
        grant: { principal: 'alice', scopes: ['a', 'b'], expires: exp },
        ttl: 60,
      });
      expect(answers[1]).toMatchObject({ isAuthorized: false });
      expect(log).not.toContain(token.split('.')[1]);
      expect(log).not.toContain('alice');
    } finally {
      await issuer.stop();
    }
  });

  it('does not start without the name of its table, and says so', async () => {
    const { answers, log, errors } = await invoke(server.env);
    expect(answers).toEqual([]);
    expect(log).toBe('');
    expect(errors).toContain('KEY_TABLE_NAME must name the DynamoDB table');
  });
});
