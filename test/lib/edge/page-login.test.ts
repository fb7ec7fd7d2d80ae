import { App, Duration, SecretValue } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as cognito from 'aws-cdk-lib/aws-cognito';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { describe, expect, it } from 'vitest';
import {
  AppImage,
  EdgeCertificate,
  HttpsLoadBalancer,
  type OidcLoginProps,
  PageLogin,
  type SecureTtsServiceProps,
} from '../../../lib';
import { CERTIFICATE_ARN, rules, service, TestStack, vpc } from '../support/stack';

function oidc(props: Partial<OidcLoginProps> = {}): PageLogin {
  return PageLogin.oidc({
    issuer: 'https://login.example.org',
    authorizationEndpoint: 'https://login.example.org/authorize',
    tokenEndpoint: 'https://login.example.org/token',
    userInfoEndpoint: 'https://login.example.org/userinfo',
    clientId: 'pages',
    clientSecret: SecretValue.secretsManager('pages-client'),
    ...props,
  });
}

function userPool(stack: TestStack, generateSecret: boolean) {
  const pool = new cognito.UserPool(stack, 'Pool');
  return {
    userPool: pool,
    userPoolClient: pool.addClient('Pages', {
      generateSecret,
      oAuth: {
        flows: { authorizationCodeGrant: true },
        callbackUrls: ['https://tts.example.org/oauth2/idpresponse'],
      },
    }),
    userPoolDomain: pool.addDomain('Domain', { cognitoDomain: { domainPrefix: 'tts-example' } }),
  };
}

describe('PageLogin', () => {
  it('stands before the forward for the paths of the page only', () => {
    const [login, rest] = rules(service({ image: AppImage.bundled(), pageLogin: oidc() }).template());
    expect(login).toMatchObject({
      paths: ['/', '/voicegate-page/*', '/favicon.ico'],
      actions: ['authenticate-oidc', 'forward'],
    });
    expect(login?.properties.Actions).toMatchObject([
      {
        Order: 1,
        AuthenticateOidcConfig: {
          Issuer: 'https://login.example.org',
          ClientId: 'pages',
          ClientSecret: '{{resolve:secretsmanager:pages-client:SecretString:::}}',
          SessionTimeout: 43_200,
        },
      },
      { Order: 2 },
    ]);
    expect(rest).toMatchObject({ paths: ['*'], actions: ['forward'] });
    expect(login?.priority).toBeLessThan(rest?.priority ?? 0);
  });

  it('lets the load balancer call the provider, which it cannot otherwise', () => {
    const out = (props: Partial<SecureTtsServiceProps>) =>
      JSON.stringify(service(props).template().findResources('AWS::EC2::SecurityGroup')).includes(
        'Allow to IdP endpoint',
      );
    expect(out({})).toBe(false);
    expect(out({ pageLogin: oidc(), publicPaths: ['/'] })).toBe(true);
  });

  it('knows people by a Cognito user pool, for as long as is asked', () => {
    const stack = new TestStack();
    const pageLogin = PageLogin.cognito({ ...userPool(stack, true), sessionTimeout: Duration.hours(1) });
    const { template } = service({ pageLogin, pageLoginPaths: ['/'], publicPaths: ['/'] }, stack);
    const [login] = rules(template());
    expect(login).toMatchObject({ paths: ['/'], actions: ['authenticate-cognito', 'forward'] });
    expect(login?.properties.Actions).toMatchObject([
      { AuthenticateCognitoConfig: { SessionTimeout: 3600, UserPoolDomain: { Ref: expect.any(String) } } },
      {},
    ]);
    expect(JSON.stringify(template().findResources('AWS::EC2::SecurityGroup'))).toContain('"ToPort":443');
  });

  it('is for what the public paths are, as far as a browser opens them', () => {
    const publicPaths = ['/', '/voices', 'POST /feedback', '* /open/*'];
    expect(rules(service({ pageLogin: oidc(), publicPaths }).template())[0]?.paths).toEqual(['/', '/voices']);
  });

  it('keeps to the host names of its service, in rules of at most five values', () => {
    const routing = [elbv2.ListenerCondition.hostHeaders(['a.example.org', 'b.example.org'])];
    const found = rules(
      service({ routing, pageLogin: oidc(), publicPaths: ['/', '/a', '/b', '/static/*'] }).template(),
    );
    expect(found.map(({ priority, hosts, paths }) => [priority, hosts, paths])).toEqual([
      [1000, ['a.example.org', 'b.example.org'], ['/', '/a', '/b']],
      [1010, ['a.example.org', 'b.example.org'], ['/static/*']],
      [1020, ['a.example.org', 'b.example.org'], undefined],
    ]);
  });

  it('takes no place of another service on the load balancer, whichever comes first', () => {
    const stack = new TestStack();
    const network = vpc(stack);
    const edge = new HttpsLoadBalancer(stack, 'Edge', {
      vpc: network,
      certificate: EdgeCertificate.fromArn(CERTIFICATE_ARN),
    });
    const targets = { vpc: network, port: 8080, targetType: elbv2.TargetType.IP };
    edge.forward(stack, 'Rest', { ...targets, pageLogin: oidc() });
    for (const name of ['a', 'b']) {
      const conditions = [elbv2.ListenerCondition.hostHeaders([`${name}.example.org`])];
      edge.forward(stack, name, { ...targets, conditions, pageLogin: oidc() });
    }
    expect(
      rules(Template.fromStack(stack)).map(({ priority, hosts, actions }) => [priority, hosts?.[0], actions[0]]),
    ).toEqual([
      [1000, 'a.example.org', 'authenticate-oidc'],
      [1010, 'a.example.org', 'forward'],
      [1020, 'b.example.org', 'authenticate-oidc'],
      [1030, 'b.example.org', 'forward'],
      [40_000, undefined, 'authenticate-oidc'],
      [40_010, undefined, 'forward'],
    ]);
  });

  it('begins at a chosen place, which nothing else may have', () => {
    const stack = new TestStack();
    const network = vpc(stack);
    const edge = new HttpsLoadBalancer(stack, 'Edge', {
      vpc: network,
      certificate: EdgeCertificate.fromArn(CERTIFICATE_ARN),
    });
    const targets = { vpc: network, port: 8080, targetType: elbv2.TargetType.IP };
    edge.forward(stack, 'First', { ...targets, priority: 77, pageLogin: oidc() });
    expect(rules(Template.fromStack(stack)).map(({ priority }) => priority)).toEqual([77, 78]);
    expect(() => edge.forward(stack, 'Second', { ...targets, priority: 78 })).toThrow(/priority 78 belongs to another/);
  });

  it('joins the listener of somebody else', () => {
    const stack = new TestStack(undefined, new App(), 'Theirs');
    const loadBalancer = new elbv2.ApplicationLoadBalancer(stack, 'Own', { vpc: vpc(stack) });
    const listener = loadBalancer.addListener('Https', {
      port: 443,
      certificates: [{ certificateArn: CERTIFICATE_ARN }],
      defaultAction: elbv2.ListenerAction.fixedResponse(404),
    });
    const edge = HttpsLoadBalancer.fromListener({ loadBalancer, listener });
    edge.forward(stack, 'Targets', {
      vpc: loadBalancer.vpc,
      port: 8080,
      targetType: elbv2.TargetType.IP,
      pageLogin: oidc(),
      pageLoginPaths: ['/'],
    });
    expect(rules(Template.fromStack(stack)).map(({ actions }) => actions)).toEqual([
      ['authenticate-oidc', 'forward'],
      ['forward'],
    ]);
  });

  it.each<[Partial<SecureTtsServiceProps>, RegExp]>([
    [{ pageLoginPaths: ['/'] }, /pageLoginPaths needs pageLogin/],
    [{ pageLogin: oidc(), pageLoginPaths: [] }, /pageLogin needs paths/],
    [{ pageLogin: oidc() }, /pageLogin needs paths, and publicPaths has none/],
    [{ pageLogin: oidc(), publicPaths: ['* /open'] }, /pageLogin needs paths, and publicPaths has none for GET/],
    [{ pageLogin: oidc(), pageLoginPaths: ['/*'] }, /"\/\*" takes the synthesis path "\/tts", whose callers cannot/],
    [{ pageLogin: oidc(), pageLoginPaths: ['/admin'] }, /"\/admin" is not public, .* set webSession: true/],
    [{ pageLogin: oidc(), pageLoginPaths: ['static'] }, /"static" is not allowed; a path pattern/],
    [
      { pageLogin: oidc(), publicPaths: ['/', '/a'], routing: [elbv2.ListenerCondition.pathPatterns(['/speech/*'])] },
      /a rule holds only one path condition: route to this service by host name/,
    ],
    [
      {
        pageLogin: oidc(),
        publicPaths: ['/', '/a'],
        routing: [elbv2.ListenerCondition.hostHeaders(['a', 'b', 'c', 'd', 'e'])],
      },
      /the routing leaves no room/,
    ],
  ])('refuses paths that make no sense, number %#', (props, message) => {
    expect(() => service(props)).toThrow(message);
  });

  it.each<[Partial<OidcLoginProps>, RegExp]>([
    [{ issuer: 'http://login.example.org' }, /issuer must be an https URL .*, got "http:/],
    [{ tokenEndpoint: 'https://user:secret@login.example.org/' }, /tokenEndpoint must be .*, got "https:\/\/…@login/],
    [{ userInfoEndpoint: `https://${'a'.repeat(300)}` }, /userInfoEndpoint must be an https URL of at most 256/],
    [{ clientId: '' }, /clientId must not be empty/],
    [{ clientSecret: SecretValue.unsafePlainText('hush-hush') }, /clientSecret must be a reference .*, got plain text/],
    [{ sessionTimeout: Duration.days(8) }, /sessionTimeout must be whole seconds from 1 to 604800, got 691200 s/],
    [{ scope: 'email' }, /scope must hold "openid", got "email"/],
  ])('refuses an OpenID Connect provider that cannot work, number %#', (props, message) => {
    expect(() => oidc(props)).toThrow(message);
    expect(() => oidc(props)).not.toThrow(/hush-hush|user:secret/);
  });

  it('refuses a client of a user pool that has no secret', () => {
    expect(() => PageLogin.cognito(userPool(new TestStack(), false))).toThrow(/generateSecret: true/);
  });
});
