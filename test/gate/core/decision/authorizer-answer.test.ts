import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeDecision } from '../../../../contract/authorizer-answer';
import { readAnswer } from '../../../../gate/core/decision/authorizer-answer';

const read = (value: unknown, functionError?: string, status = 200) =>
  readAnswer({ status, functionError, payload: typeof value === 'string' ? value : JSON.stringify(value) });
const allowAll = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };
const denyAll = { Version: '2012-10-17', Statement: [{ Effect: 'Deny', Action: '*', Resource: '*' }] };
const grant = { principal: 'alice', keyId: 'k', scopes: ['a'], paths: ['/x'] };
const decided = { outcome: 'allow', grant, ttl: 30 } as const;
const refused = { outcome: 'deny', status: 401, reason: 'revoked', ttl: 5 } as const;

describe('readAnswer', () => {
  it('takes the decision that Voicegate answers, in either format', () => {
    expect(read({ isAuthorized: true, context: encodeDecision(decided) })).toEqual(decided);
    expect(read({ principalId: 'x', policyDocument: allowAll, context: encodeDecision(decided) })).toEqual({
      ...decided,
      isPolicy: true,
    });
    expect(read({ isAuthorized: false, context: encodeDecision(refused) })).toEqual(refused);
  });

  it('lets the stricter one count when answer and decision disagree', () => {
    expect(read({ isAuthorized: true, context: encodeDecision(refused) })).toEqual(refused);
    expect(read({ isAuthorized: false, context: encodeDecision(decided) })).toMatchObject({
      outcome: 'deny',
      status: 403,
    });
    expect(read({ principalId: 'x', policyDocument: denyAll, context: encodeDecision(decided) })).toMatchObject({
      outcome: 'deny',
    });
  });

  it('takes principal, key and scopes from the plain context of a foreign authorizer', () => {
    const context = { principal: 'bob', keyId: 7, scopes: 'a  b', other: { nested: true } };
    expect(read({ isAuthorized: true, context })).toEqual({
      outcome: 'allow',
      grant: { principal: 'bob', keyId: '7', scopes: ['a', 'b'] },
      context,
    });
    expect(read({ isAuthorized: true, context: null })).toEqual({
      outcome: 'allow',
      grant: { principal: '', scopes: [] },
    });
    expect(read({ principalId: 'user|1', policyDocument: allowAll, context: { principal: 'x' } })).toMatchObject({
      grant: { principal: 'user|1' },
      statements: [{ effect: 'Allow', resources: ['*'] }],
    });
  });

  it('takes exactly the message Unauthorized of a function error for a refusal', () => {
    expect(read({ errorMessage: 'Unauthorized' }, 'Unhandled')).toMatchObject({ outcome: 'deny', status: 401 });
    for (const errorMessage of ['unauthorized', 'Unauthorized.', 'Error: Unauthorized', null]) {
      expect(read({ errorMessage }, 'Unhandled')).toEqual({ outcome: 'failure', cause: 'function-error' });
    }
    expect(read({ isAuthorized: true }, 'Unhandled')).toEqual({ outcome: 'failure', cause: 'function-error' });
  });

  it.each([
    [429, 'throttled'],
    [403, 'refused'],
    [500, 'error'],
    [302, 'error'],
    [202, 'error'],
  ])('takes status %i of Lambda for the failure %s, even when the body allows', (status, cause) => {
    expect(read({ isAuthorized: true }, undefined, status)).toEqual({ outcome: 'failure', cause });
  });

  it.each([
    ...['', 'true', 'null', '[]', '"x"', '{}', '{"isAuthorized":"true"}', '{"isAuthorized":1}', '{"isAuthorized":true'],
    ...['{"isAuthorized":true,"context":"x"}', '{"isAuthorized":true,"context":[]}', '{"policyDocument":{}}'],
    ...['{"principalId":1,"policyDocument":{"Statement":[]}}', '{"isAuthorized":true,"context":{"voicegate":"{}"}}'],
    ...['{"isAuthorized":true,"context":{"voicegate":"{\\"v\\":2,\\"outcome\\":\\"allow\\",\\"ttl\\":1}"}}'],
    ...['{"isAuthorized":true,"context":{"voicegate":7}}', '{"isAuthorized":true,"context":{"voicegate":"x"}}'],
  ])('takes %s for a failure', (payload) => {
    expect(read(payload)).toEqual({ outcome: 'failure', cause: 'malformed' });
  });

  it('never allows what does not say so', () => {
    fc.assert(
      fc.property(fc.json(), (payload) => {
        expect(read(payload).outcome).not.toBe('allow');
      }),
    );
  });
});
