import { SecretValue } from 'aws-cdk-lib';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { describe, expect, it } from 'vitest';
import { SYNTHESIS_PATHS } from '../../../contract/names';
import { ClaimFormat, PageLogin, type SecureTtsServiceProps, type TokenValidation } from '../../../lib';
import { rules, service } from '../support/stack';

const VALIDATION: TokenValidation = {
  issuer: 'https://issuer.example.org',
  jwksEndpoint: 'https://issuer.example.org/jwks.json',
  audiences: ['tts'],
};

function template(props: Partial<SecureTtsServiceProps> = {}) {
  return service(props).template();
}

describe('TokenValidation', () => {
  it('checks issuer, signature and audience of tokens on the synthesis paths', () => {
    const [validated, more, rest] = rules(template({ tokenValidation: VALIDATION }));
    expect([...(validated?.paths ?? []), ...(more?.paths ?? [])]).toEqual(SYNTHESIS_PATHS);
    for (const rule of [validated, more]) expect(rule?.actions).toEqual(['jwt-validation', 'forward']);
    expect(validated?.properties.Actions).toMatchObject([
      {
        Order: 1,
        JwtValidationConfig: {
          Issuer: 'https://issuer.example.org',
          JwksEndpoint: 'https://issuer.example.org/jwks.json',
          AdditionalClaims: [{ Name: 'aud', Format: 'single-string', Values: ['tts'] }],
        },
      },
      { Order: 2, Type: 'forward' },
    ]);
    expect(rest).toMatchObject({ paths: ['*'], actions: ['forward'] });
    expect(more?.priority).toBeLessThan(rest?.priority ?? 0);
  });

  it('leaves callers with an API key alone, in whichever header it is', () => {
    const [validated] = rules(template({ tokenValidation: VALIDATION }));
    const headers = ((validated?.properties.Conditions ?? []) as { HttpHeaderConfig?: { Values: string[] } }[]).flatMap(
      ({ HttpHeaderConfig }) => HttpHeaderConfig ?? [],
    );
    expect(headers).toEqual([{ HttpHeaderName: 'Authorization', Values: ['Bearer eyJ*'] }]);
    const pattern = new RegExp(`^${headers[0]?.Values[0]?.replace('*', '.*')}$`, 'i');
    const token = ['{"alg":"RS256"}', '{}', 'signature']
      .map((part) => Buffer.from(part).toString('base64url'))
      .join('.');
    expect(`Bearer ${token}`).toMatch(pattern);
    expect('Bearer vg_0123456789abcdef').not.toMatch(pattern);
  });

  it("lets the load balancer fetch the issuer's keys, which it cannot otherwise", () => {
    const groups = (props: Partial<SecureTtsServiceProps>) =>
      JSON.stringify(template(props).findResources('AWS::EC2::SecurityGroup')).includes("Allow to token issuer's keys");
    expect(groups({})).toBe(false);
    expect(groups({ tokenValidation: VALIDATION })).toBe(true);
  });

  it('takes the audience from another claim, written in another way', () => {
    const tokenValidation = {
      ...VALIDATION,
      audiences: ['a', 'b'],
      audienceClaim: 'client_id',
      audienceFormat: ClaimFormat.STRING_ARRAY,
    };
    expect(rules(template({ tokenValidation, tokenValidationPaths: ['/v1/*'] }))[0]?.properties.Actions).toMatchObject([
      {
        JwtValidationConfig: { AdditionalClaims: [{ Name: 'client_id', Format: 'string-array', Values: ['a', 'b'] }] },
      },
      {},
    ]);
  });

  it('follows the synthesis paths, in rules of at most five values beside a login', () => {
    const found = rules(
      template({
        routing: [elbv2.ListenerCondition.hostHeaders(['tts.example.org'])],
        synthesisPaths: ['/a', '/b', '/c', '/d'],
        publicPaths: ['/', '/static/*', '/favicon.ico'],
        tokenValidation: VALIDATION,
        pageLogin: PageLogin.oidc({
          issuer: 'https://login.example.org',
          authorizationEndpoint: 'https://login.example.org/authorize',
          tokenEndpoint: 'https://login.example.org/token',
          userInfoEndpoint: 'https://login.example.org/userinfo',
          clientId: 'pages',
          clientSecret: SecretValue.secretsManager('pages-client'),
        }),
      }),
    );
    expect(found.map(({ priority, hosts, paths, actions }) => [priority, hosts?.length, paths, actions[0]])).toEqual([
      [1000, 1, ['/a', '/b', '/c'], 'jwt-validation'],
      [1010, 1, ['/d'], 'jwt-validation'],
      [1020, 1, ['/', '/static/*', '/favicon.ico'], 'authenticate-oidc'],
      [1030, 1, undefined, 'forward'],
    ]);
  });

  it.each<[Partial<TokenValidation>, RegExp]>([
    [{ issuer: 'issuer.example.org' }, /tokenValidation: issuer must be an https URL/],
    [{ jwksEndpoint: 'http://issuer.example.org/jwks' }, /tokenValidation: jwksEndpoint must be an https URL/],
    [{ audiences: [] }, /audiences must be from 1 to 10 values, got 0/],
    [{ audiences: [''] }, /audiences must be texts of 1 to 256 characters, got ""/],
    [{ audiences: ['a b'], audienceFormat: ClaimFormat.SPACE_SEPARATED_VALUES }, /without spaces, got "a b"/],
    [{ audienceClaim: 'iss' }, /audienceClaim must be the name of a claim other than exp, iss/],
  ])('refuses %o, saying what is allowed', (wrong, message) => {
    expect(() => template({ tokenValidation: { ...VALIDATION, ...wrong } })).toThrow(message);
  });

  it('refuses paths without a validation, and none', () => {
    expect(() => template({ tokenValidationPaths: ['/tts'] })).toThrow(/tokenValidationPaths needs tokenValidation/);
    expect(() => template({ tokenValidation: VALIDATION, tokenValidationPaths: [] })).toThrow(/at least one path/);
    expect(() => template({ tokenValidation: VALIDATION, synthesisPaths: [] })).toThrow(/at least one path/);
  });
});
