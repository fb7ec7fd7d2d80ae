import { runSimulation } from '@cloud-copilot/iam-simulate';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeDecision } from '../../../contract/authorizer-answer';
import type { PolicyAnswer } from '../../../contract/authorizer-event';
import { type Decision, type Grant, type RequestFacts, refusal } from '../../../contract/decision';
import { policyAnswer } from '../../../lambda/authorizer/policy-answer';
import { API_ARN } from './events';
import { NOW } from './keys';

const allow = (constraints: Partial<Grant> = {}): Decision => ({
  outcome: 'allow',
  ttl: 60,
  grant: { principal: 'acme', scopes: ['tts:synthesize'], ...constraints },
});
const request: RequestFacts = { method: 'POST', path: '/tts', sourceIp: '192.0.2.7', now: NOW };

/** What API Gateway makes of a cached policy for another request, by an evaluator of IAM policies. */
async function isAllowed(answer: PolicyAnswer, facts: RequestFacts): Promise<boolean> {
  const { resultType, ...rest } = await runSimulation(
    {
      request: {
        principal: 'arn:aws:iam::123456789012:user/caller',
        action: 'execute-api:Invoke',
        resource: { resource: `${API_ARN}/${facts.method}${facts.path}`, accountId: '123456789012' },
        contextVariables: {
          'aws:SourceIp': facts.sourceIp,
          'aws:CurrentTime': new Date(facts.now * 1000).toISOString(),
        },
      },
      identityPolicies: [{ name: 'answer', policy: answer.policyDocument }],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    },
    {},
  );
  if (resultType === 'error') throw new Error(`the policy is invalid: ${JSON.stringify(rest)}`);
  if (!('overallResult' in rest)) throw new Error('a single result was expected');
  return rest.overallResult === 'Allowed';
}

describe('a policy answer', () => {
  it('of an unconstrained grant serves the whole stage, so that a cached one never refuses the next path', async () => {
    const answer = policyAnswer(allow(), `${API_ARN}/GET/tts`);
    expect(answer.policyDocument.Statement).toEqual([
      { Effect: 'Allow', Action: 'execute-api:Invoke', Resource: [`${API_ARN}/*`] },
    ]);
    expect(await isAllowed(answer, { ...request, method: 'DELETE', path: '/anything/else' })).toBe(true);
  });

  it('when cached for another request, allows exactly what the grant allows', async () => {
    const constraints = fc.record(
      {
        paths: fc.subarray(['/tts', '/v1/*', '/*']),
        methods: fc.subarray(['GET', 'POST']),
        sourceCidrs: fc.subarray(['192.0.2.0/24', '2001:db8::/32']),
        notBefore: fc.constantFrom(NOW - 10, NOW + 10),
        expires: fc.constantFrom(NOW - 10, NOW, NOW + 10),
      },
      { requiredKeys: [] },
    );
    const facts = fc.record({
      method: fc.constantFrom('GET', 'POST', 'PUT'),
      path: fc.constantFrom('/tts', '/tts/x', '/v1/audio/speech', '/v1'),
      sourceIp: fc.constantFrom('192.0.2.7', '198.51.100.1', '2001:db8::1'),
      now: fc.constant(NOW),
    });
    await fc.assert(
      fc.asyncProperty(constraints, facts, async (given, fact) => {
        const grant = { principal: 'acme', scopes: [], ...given };
        const answer = policyAnswer({ outcome: 'allow', ttl: 60, grant }, `${API_ARN}/GET/first`);
        expect(await isAllowed(answer, fact)).toBe(refusal(grant, fact) === undefined);
      }),
      { numRuns: 200 },
    );
  });

  it.each(['/static/../tts', '/static/a/..', '/static//x', '/static/%2e%2e/tts', '/static/a;b', '/static/./x'])(
    'of a grant constrained to paths does not cover %s, which an app may read as another path',
    async (path) => {
      const answer = policyAnswer(allow({ paths: ['/static/*'] }), `${API_ARN}/GET/static/x`);
      expect(await isAllowed(answer, { ...request, path: '/static/x' })).toBe(true);
      expect(await isAllowed(answer, { ...request, path })).toBe(false);
    },
  );

  it('takes a stored pattern that IAM would read more widely as one that allows nothing', async () => {
    for (const path of ['/a*/b', '/a?', `/\${aws:SourceIp}`, '*']) {
      const answer = policyAnswer(allow({ paths: [path] }), `${API_ARN}/GET/a`);
      expect(JSON.stringify(answer)).not.toContain('"Allow"');
      expect(await isAllowed(answer, { ...request, path: '/ax' })).toBe(false);
    }
    expect(JSON.stringify(policyAnswer(allow({ methods: ['*'] }), `${API_ARN}/GET/a`))).not.toContain('"Allow"');
  });

  it('is the error Unauthorized for a 401, as API Gateway wants it', () => {
    const deny: Decision = { outcome: 'deny', status: 401, reason: 'revoked', ttl: 10 };
    expect(() => policyAnswer(deny, `${API_ARN}/GET/tts`)).toThrow(/^Unauthorized$/);
  });

  it('denies the whole stage for another refusal, and says why in its context', async () => {
    const deny: Decision = { outcome: 'deny', status: 403, reason: 'scope', ttl: 10 };
    const answer = policyAnswer(deny, `${API_ARN}/GET/tts`);
    expect(await isAllowed(answer, request)).toBe(false);
    expect(decodeDecision(answer.context)).toEqual(deny);
  });

  it('carries the decision and the principal', () => {
    const answer = policyAnswer(allow(), `${API_ARN}/GET/tts`);
    expect(answer.principalId).toBe('acme');
    expect(decodeDecision(answer.context)).toEqual(allow());
  });

  it('keeps the partition of the method’s ARN, and refuses what is none', () => {
    const arn = 'arn:aws-cn:execute-api:cn-north-1:123456789012:abcdef1234/$default/GET/tts';
    expect(policyAnswer(allow(), arn).policyDocument.Statement[0]?.Resource).toEqual([
      'arn:aws-cn:execute-api:cn-north-1:123456789012:abcdef1234/$default/*',
    ]);
    expect(() => policyAnswer(allow(), 'nonsense')).toThrow('methodArn');
  });
});
