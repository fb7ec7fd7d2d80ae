import { describe, expect, it } from 'vitest';
import { decodeDecision } from '../../../contract/authorizer-answer';
import type { Decision, Grant } from '../../../contract/decision';
import { decideForHttpApi, simpleAnswer } from '../../../lambda/authorizer/simple-answer';
import { httpApiEvent } from './events';
import { NOW } from './keys';

const allow = (constraints: Partial<Grant> = {}): Decision => ({
  outcome: 'allow',
  ttl: 60,
  grant: { principal: 'acme', scopes: [], ...constraints },
});
const decideFor = (decision: Decision, parts: Parameters<typeof httpApiEvent>[0]) =>
  decideForHttpApi(decision, httpApiEvent(parts), NOW, 10);
const refused = (reason: string) => ({ outcome: 'deny', status: 403, reason, ttl: 10 });

describe('a simple answer', () => {
  it('carries the whole decision in its context, an allow and a refusal alike', () => {
    const deny: Decision = { outcome: 'deny', status: 401, reason: 'unknown', ttl: 10 };
    expect(simpleAnswer(allow()).isAuthorized).toBe(true);
    expect(simpleAnswer(deny).isAuthorized).toBe(false);
    expect(decodeDecision(simpleAnswer(allow()).context)).toEqual(allow());
    expect(decodeDecision(simpleAnswer(deny).context)).toEqual(deny);
  });
});

describe('a grant behind an HTTP API, where no gate evaluates it', () => {
  it('without constraints is an allow, also when API Gateway caches by the credential alone', () => {
    expect(decideFor(allow(), { identitySource: ['key'] })).toEqual(allow());
  });

  it('is applied to the request', () => {
    expect(decideFor(allow({ paths: ['/v1/*'] }), {})).toEqual(refused('path'));
    expect(decideFor(allow({ methods: ['GET'] }), {})).toEqual(refused('method'));
    expect(decideFor(allow({ sourceCidrs: ['198.51.100.0/24'] }), {})).toEqual(refused('address'));
    expect(decideFor(allow({ expires: NOW }), {})).toMatchObject({ status: 401, reason: 'expired' });
    expect(decideFor(allow({ paths: ['/tts'], methods: ['POST'] }), {}).outcome).toBe('allow');
  });

  it('is compared with the path below the stage', () => {
    const onTts = allow({ paths: ['/tts'] });
    expect(decideFor(onTts, { stage: 'prod', path: '/prod/tts' }).outcome).toBe('allow');
    expect(decideFor(onTts, { stage: 'prod', path: '/production/tts' })).toEqual(refused('path'));
    expect(decideFor(onTts, { path: '/$default/tts' })).toEqual(refused('path'));
  });

  it.each([
    '/static/../tts',
    '/static//x',
    '/static/%2e%2e/tts',
    '/static/%2Fx',
    '/static/.',
    '/static/a;b',
    '/static/\\x',
  ])('does not cover %s, which an app may read as another path', (path) => {
    expect(decideFor(allow({ paths: ['/static/*'] }), { path })).toEqual(refused('path'));
    expect(decideFor(allow(), { path }).outcome).toBe('allow');
  });

  it('is refused where API Gateway would serve the cached allow for another path, method or address', () => {
    const byKey = { identitySource: ['key'] };
    expect(decideFor(allow({ paths: ['/tts'] }), byKey)).toEqual(refused('path'));
    expect(decideFor(allow({ methods: ['POST'] }), byKey)).toEqual(refused('method'));
    expect(decideFor(allow({ sourceCidrs: ['192.0.2.0/24'] }), byKey)).toEqual(refused('address'));
  });

  it('is allowed where the cache key holds what it is constrained by', () => {
    const grant = allow({ paths: ['/tts'], methods: ['POST'], sourceCidrs: ['192.0.2.0/24'] });
    expect(decideFor(grant, { identitySource: ['key', '/tts', 'POST', '192.0.2.7'] })).toEqual(grant);
  });

  it('leaves a refusal as it is', () => {
    const deny: Decision = { outcome: 'deny', status: 401, reason: 'revoked', ttl: 10 };
    expect(decideFor(deny, {})).toBe(deny);
  });
});
