import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesWildcard, policyAllows, readPolicy } from '../../../../gate/core/decision/policy';

const ARN = 'arn:aws:execute-api:eu-west-1:123456789012:voicegate/$default/GET/tts/a';
const statement = (Effect: string, Resource: unknown, more: object = {}) => ({
  Effect,
  Action: 'execute-api:Invoke',
  Resource,
  ...more,
});
const allows = (...Statement: readonly object[]) =>
  policyAllows(readPolicy({ Version: '2012-10-17', Statement }) ?? [], ARN);

describe('an authorizer policy', () => {
  it.each([
    ['the ARN itself', [statement('Allow', ARN)], true],
    ['a wildcard over everything', [statement('Allow', '*')], true],
    ['a wildcard that crosses slashes', [statement('Allow', 'arn:aws:execute-api:*/GET/*')], true],
    ['one character each', [statement('Allow', ARN.replace('GET', '???'))], true],
    ['one of several resources', [statement('Allow', ['x', ARN])], true],
    ['another action', [statement('Allow', '*', { Action: 's3:GetObject' })], false],
    ['an action with a wildcard', [statement('Allow', '*', { Action: ['execute-api:*'] })], true],
    ['another method', [statement('Allow', ARN.replace('GET', 'POST'))], false],
    ['no statement', [], false],
    ['a Deny after an Allow', [statement('Allow', '*'), statement('Deny', ARN)], false],
    ['a Deny before an Allow', [statement('Deny', '*'), statement('Allow', ARN)], false],
    ['a Deny of another path', [statement('Allow', '*'), statement('Deny', '*/secret')], true],
    ['an Allow with a condition', [statement('Allow', '*', { Condition: { Bool: {} } })], false],
    ['a Deny with a condition', [statement('Allow', '*'), statement('Deny', '*', { Condition: {} })], false],
    ['NotResource', [{ Effect: 'Allow', Action: '*', NotResource: 'x' }], false],
    ['a Deny with NotResource', [statement('Allow', '*'), { Effect: 'Deny', Action: '*', NotResource: 'x' }], false],
    ['a Deny with NotAction', [statement('Allow', '*'), { Effect: 'Deny', NotAction: 'x', Resource: 'x' }], false],
    ['an Allow with NotAction', [{ Effect: 'Allow', NotAction: 'x', Resource: '*' }], false],
  ])('with %s', (_, statements, allowed) => {
    expect(allows(...statements)).toBe(allowed);
  });

  it.each([null, 'x', [], {}, { Statement: 'x' }, { Statement: [{ Effect: 'Maybe' }] }, { Statement: [null] }])(
    'is none when it is %j',
    (document) => {
      expect(readPolicy(document)).toBeUndefined();
    },
  );
});

describe('matchesWildcard', () => {
  it('agrees with a regular expression', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 12 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '/', '*', '?'), maxLength: 8 });
    fc.assert(
      fc.property(pattern, text, (given, candidate) => {
        const expression = new RegExp(`^${given.replaceAll('*', '.*').replaceAll('?', '.')}$`);
        expect(matchesWildcard(given, candidate)).toBe(expression.test(candidate));
      }),
      { numRuns: 2000 },
    );
  });

  it('is no trap for a pattern of many stars', () => {
    const start = process.cpuUsage().user;
    expect(matchesWildcard('*a'.repeat(50), 'a'.repeat(49) + 'b'.repeat(5000))).toBe(false);
    expect(process.cpuUsage().user - start).toBeLessThan(2_000_000);
  });
});
