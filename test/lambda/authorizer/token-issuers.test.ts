import { describe, expect, it } from 'vitest';
import { readTokenIssuers } from '../../../lambda/authorizer/token-issuers';

const issuer = { issuer: 'https://idp.example/tenant', audiences: ['speech'] };
const read = (...issuers: readonly unknown[]) => readTokenIssuers(JSON.stringify(issuers));

describe('the issuers in the environment', () => {
  it('are none when nothing is set', () => {
    expect(readTokenIssuers(undefined)).toEqual([]);
    expect(readTokenIssuers('')).toEqual([]);
  });

  it('are read with every field', () => {
    const whole = {
      ...issuer,
      jwksUri: 'https://idp.example/keys',
      audienceClaim: 'client_id',
      algorithms: ['ES256'],
      principalClaim: 'client_id',
      principalPrefix: 'idp:',
      scopeClaim: 'scp',
      requiredClaims: { token_use: ['access'] },
      clockSkew: 0,
    };
    expect(read(whole, { ...issuer, issuer: 'http://127.0.0.1:8000' })).toHaveLength(2);
    expect(read(whole)).toEqual([whole]);
  });

  it.each([
    [{ ...issuer, audience: 'speech' }, 'no field "audience"; allowed: issuer, jwksUri, audiences'],
    [{ issuer: issuer.issuer }, '[0].audiences must be a list of at least one text, got nothing'],
    [{ ...issuer, audiences: [] }, '[0].audiences must be a list'],
    [{ ...issuer, issuer: 'http://idp.example' }, '[0].issuer must be an https URL'],
    [{ ...issuer, issuer: 'https://u:p@idp.example' }, '[0].issuer must be'],
    [{ ...issuer, issuer: 'https://idp.example?x=1' }, '[0].issuer must be'],
    [{ ...issuer, jwksUri: 'file:///etc/passwd' }, '[0].jwksUri must be'],
    [{ ...issuer, algorithms: ['HS256'] }, '[0].algorithms must be a list of RS256 and ES256, got ["HS256"]'],
    [{ ...issuer, algorithms: ['none'] }, 'got ["none"]'],
    [{ ...issuer, clockSkew: 301 }, '[0].clockSkew must be a whole number of seconds from 0 to 300, got 301'],
    [{ ...issuer, requiredClaims: { a: [] } }, '[0].requiredClaims must be'],
  ])('are refused by the name of the field: %j', (wrong, message) => {
    expect(() => read(wrong)).toThrow(message);
  });

  it('are refused when they are no list, too many, or name one twice', () => {
    expect(() => readTokenIssuers('{')).toThrow('TOKEN_ISSUERS must be a JSON list of issuers, got no JSON');
    expect(() => readTokenIssuers('{}')).toThrow('at most 10 issuers');
    expect(() => read(...Array.from({ length: 11 }, () => issuer))).toThrow('at most 10 issuers');
    expect(() => read(issuer, issuer)).toThrow('must name each issuer once');
  });
});
