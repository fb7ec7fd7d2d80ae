import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { GateOptions } from '../../contract/gate-options';
import { FunctionProcess } from './support/function-process';
import type { GateContainers } from './support/gate';
import { gateWorld } from './support/gate-world';
import { call } from './support/http';

// Authorizers in the shape of API Gateway's documentation and blueprints, unchanged behind a gate: what they are told is
// compared field by field with the documented events.

const world = gateWorld();
const ARN = 'arn:aws:execute-api:eu-west-1:123456789012:voicegate/$default/GET/request';
const TIME = expect.stringMatching(/^\d{2}\/[A-Z][a-z]{2}\/\d{4}:\d{2}:\d{2}:\d{2} \+0000$/);
const ID = expect.stringMatching(/^[0-9a-f]{32}$/);

/** Gates with both runtimes of a function; one of them answers at a time. */
function functions(files: readonly [node: string, python: string], authorizer: Partial<GateOptions['authorizer']>) {
  const processes = files.map((file) => new FunctionProcess(file, 5000));
  const parts = {} as { gate: GateContainers };
  beforeAll(async () => {
    parts.gate = await world.startGate({
      authorizer: {
        forwardRequest: true,
        timeout: 6000,
        staleGrace: 0,
        positiveTtl: 0,
        negativeTtl: 0,
        identitySource: ['$request.header.Authorization'],
        ...authorizer,
      },
    });
  });
  afterAll(() => processes.map((process) => process.stop()));
  return {
    /** Runs the tests for each runtime. */
    each(tests: (gate: () => GateContainers) => void) {
      for (const [index, file] of files.entries()) {
        describe(file.endsWith('.py') ? 'in Python' : 'in Node', () => {
          beforeEach(() => {
            world.lambda.behaviour = (processes[index] as FunctionProcess).invoke;
          });
          tests(() => parts.gate);
        });
      }
    },
  };
}

function firstEvent() {
  const [first] = world.lambda.invocations;
  if (first === undefined) throw new Error('nobody was asked');
  return first.event as unknown as { readonly requestContext: Readonly<Record<string, unknown>> };
}

const HEADERS = { Host: 'api.example.com:8443', 'User-Agent': 'test/1', 'X-Forwarded-For': '198.51.100.7' };
const CONTEXT = {
  'x-auth-context-stringkey': 'stringval',
  'x-auth-context-numberkey': '123',
  'x-auth-context-booleankey': 'true',
};

describe('an authorizer of type TOKEN', () => {
  functions(['token.mjs', 'token.py'], { payloadFormat: 'TOKEN' }).each((gate) => {
    const ask = (token: string) => call(gate().url, '/request?a=1', { headers: { ...HEADERS, Authorization: token } });

    it('gets the three fields of its event, and its context reaches the app', async () => {
      const answer = await ask('allow');
      expect(answer.status).toBe(200);
      expect(answer.json().headers).toMatchObject({ 'x-auth-principal': 'user', ...CONTEXT });
      expect(answer.json().headers).not.toHaveProperty('authorization');
      expect(world.lambda.invocations[0]?.event).toEqual({
        type: 'TOKEN',
        methodArn: ARN,
        authorizationToken: 'allow',
      });
    });

    it.each([
      ['deny', 403],
      ['unauthorized', 401],
      ['something else', 503],
    ])('that says %s is obeyed', async (token, status) => {
      expect((await ask(token)).status).toBe(status);
    });
  });
});

describe('an authorizer of type REQUEST (format 1.0)', () => {
  functions(['request.mjs', 'request.py'], {
    payloadFormat: '1.0',
    identitySource: ['$request.header.HeaderAuth1', '$request.querystring.QueryString1', '$stageVariables.StageVar1'],
    stageVariables: { StageVar1: 'stageValue1' },
    routeKey: 'GET /request',
  }).each((gate) => {
    const ask = (HeaderAuth1: string) =>
      call(gate().url, '/request?QueryString1=first&QueryString1=queryValue1&b=%20', {
        headers: { ...HEADERS, HeaderAuth1, Accept: ['text/plain', '*/*'] },
      });

    it('gets every field of its event', async () => {
      const answer = await ask('headerValue1');
      expect(answer.status).toBe(200);
      expect(answer.json()).toMatchObject({ url: '/request?b=%20', headers: { 'x-auth-principal': 'me', ...CONTEXT } });
      const event = firstEvent();
      const { requestTimeEpoch: epoch } = event.requestContext;
      expect(Math.abs(Date.now() - Number(epoch))).toBeLessThan(60_000);
      const identity = 'headerValue1,first,queryValue1,stageValue1';
      expect(event).toEqual({
        version: '1.0',
        type: 'REQUEST',
        methodArn: ARN,
        identitySource: identity,
        authorizationToken: identity,
        resource: '/request',
        path: '/request',
        httpMethod: 'GET',
        headers: { ...HEADERS, HeaderAuth1: 'headerValue1', Accept: '*/*', Connection: 'keep-alive' },
        multiValueHeaders: {
          Host: ['api.example.com:8443'],
          'User-Agent': ['test/1'],
          'X-Forwarded-For': ['198.51.100.7'],
          HeaderAuth1: ['headerValue1'],
          Accept: ['text/plain', '*/*'],
          Connection: ['keep-alive'],
        },
        queryStringParameters: { QueryString1: 'queryValue1', b: ' ' },
        multiValueQueryStringParameters: { QueryString1: ['first', 'queryValue1'], b: [' '] },
        pathParameters: {},
        stageVariables: { StageVar1: 'stageValue1' },
        requestContext: {
          accountId: '123456789012',
          apiId: 'voicegate',
          domainName: 'api.example.com',
          domainPrefix: 'api',
          extendedRequestId: ID,
          httpMethod: 'GET',
          identity: {
            accessKey: null,
            accountId: null,
            apiKey: null,
            apiKeyId: null,
            caller: null,
            clientCert: null,
            cognitoAuthenticationProvider: null,
            cognitoAuthenticationType: null,
            cognitoIdentityId: null,
            cognitoIdentityPoolId: null,
            principalOrgId: null,
            sourceIp: '198.51.100.7',
            user: null,
            userAgent: 'test/1',
            userArn: null,
          },
          path: '/request',
          protocol: 'HTTP/1.1',
          requestId: ID,
          requestTime: TIME,
          requestTimeEpoch: epoch,
          resourceId: 'GET /request',
          resourcePath: '/request',
          stage: '$default',
        },
      });
    });

    it('that says Unauthorized is obeyed', async () => {
      expect((await ask('wrong')).status).toBe(401);
    });
  });
});

describe('an authorizer of format 2.0 with a simple response', () => {
  functions(['simple-response.mjs', 'simple_response.py'], {
    payloadFormat: '2.0',
    stageVariables: { stageVariable1: 'value1' },
    routeKey: 'ANY /{proxy+}',
  }).each((gate) => {
    const ask = (authorization: string) =>
      call(gate().url, '/request?parameter1=value1&parameter1=value2&parameter2=value', {
        headers: { ...HEADERS, Authorization: authorization, Cookie: 'cookie1=1; cookie2=2', Header1: ['a', 'b'] },
      });

    it('gets every field of its event, and the lists of its context reach the app as JSON', async () => {
      const answer = await ask('secretToken');
      expect(answer.status).toBe(200);
      const { headers } = answer.json();
      expect(headers).toMatchObject({
        'x-auth-context-stringkey': 'value',
        'x-auth-context-numberkey': '1',
        'x-auth-context-booleankey': 'true',
      });
      const decoded = (name: string) => JSON.parse(decodeURIComponent(headers[`x-auth-context-${name}`]));
      expect([decoded('arraykey'), decoded('mapkey')]).toEqual([['value1', 'value2'], { value1: 'value2' }]);
      const event = firstEvent();
      const { timeEpoch } = event.requestContext;
      expect(Math.abs(Date.now() - Number(timeEpoch))).toBeLessThan(60_000);
      expect(event).toEqual({
        version: '2.0',
        type: 'REQUEST',
        routeArn: ARN,
        identitySource: ['secretToken'],
        routeKey: 'ANY /{proxy+}',
        rawPath: '/request',
        rawQueryString: 'parameter1=value1&parameter1=value2&parameter2=value',
        cookies: ['cookie1=1', 'cookie2=2'],
        headers: {
          host: 'api.example.com:8443',
          'user-agent': 'test/1',
          'x-forwarded-for': '198.51.100.7',
          authorization: 'secretToken',
          header1: 'a,b',
          connection: 'keep-alive',
        },
        queryStringParameters: { parameter1: 'value1,value2', parameter2: 'value' },
        stageVariables: { stageVariable1: 'value1' },
        requestContext: {
          accountId: '123456789012',
          apiId: 'voicegate',
          domainName: 'api.example.com',
          domainPrefix: 'api',
          http: {
            method: 'GET',
            path: '/request',
            protocol: 'HTTP/1.1',
            sourceIp: '198.51.100.7',
            userAgent: 'test/1',
          },
          requestId: ID,
          routeKey: 'ANY /{proxy+}',
          stage: '$default',
          time: TIME,
          timeEpoch,
        },
      });
      expect(gate().stderr).not.toContain('IAM policy');
    });

    it('that says no is obeyed', async () => {
      expect((await ask('wrong')).status).toBe(403);
    });
  });
});

describe('an authorizer of format 2.0 with a policy', () => {
  functions(['policy-response.mjs', 'policy_response.py'], { payloadFormat: '2.0' }).each((gate) => {
    const ask = (authorization: string) =>
      call(gate().url, '/request', { headers: { ...HEADERS, Authorization: authorization } });

    it('is obeyed, and the log tells once that it answers a policy', async () => {
      const answer = await ask('secretToken');
      expect(answer.status).toBe(200);
      expect(answer.json().headers).toMatchObject({
        'x-auth-principal': 'abcdef',
        'x-auth-context-stringkey': 'value',
      });
      expect((await ask('wrong')).status).toBe(403);
      await gate().logged('answers an IAM policy under payload format 2.0');
      expect(gate().stderr.split('answers an IAM policy')).toHaveLength(2);
    });
  });
});
