import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AwsV4Signer } from 'aws4fetch';
import { encodeDecision } from '../../../contract/authorizer-answer';
import type { Decision } from '../../../contract/decision';

export const CREDENTIALS = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  sessionToken: 'session/token+with=signs',
};

export interface Invocation {
  readonly functionName: string;
  readonly qualifier: string | null;
  readonly event: Readonly<Record<string, unknown>> & { readonly identitySource: readonly string[] | string };
  readonly headers: IncomingMessage['headers'];
}

/** What the function answers: a value, an answer of the service in full, or nothing for as long as it likes. */
export type Behaviour = (invocation: Invocation) => unknown;

export class RawAnswer {
  constructor(
    readonly status: number,
    readonly body: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {}
}

/** Ends the connection without an answer. */
export const RESET = Symbol('reset');
/** Never answers. */
export const HANG = Symbol('hang');

/** Lambda's Invoke, as far as the gate uses it: it verifies each signature by an independent implementation. */
export class LambdaEndpoint {
  readonly invocations: Invocation[] = [];
  readonly problems: string[] = [];
  /** Connections opened so far. */
  connections = 0;
  behaviour: Behaviour = () => allow();
  /** From when it listens. */
  url = '';
  private readonly server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    void this.handle(request, response);
  });

  static async start(): Promise<LambdaEndpoint> {
    const endpoint = new LambdaEndpoint();
    await endpoint.listen();
    return endpoint;
  }

  async listen(): Promise<void> {
    this.server.on('connection', () => {
      this.connections++;
    });
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  reset(behaviour: Behaviour = () => allow()): void {
    this.invocations.length = 0;
    this.problems.length = 0;
    this.behaviour = behaviour;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += chunk;
    const problem = await this.verify(request, body);
    if (problem !== undefined) {
      this.problems.push(problem);
      response.writeHead(403, { 'content-type': 'application/json' }).end(`{"message":"${problem}"}`);
      return;
    }
    const url = new URL(request.url ?? '', this.url);
    const invocation = {
      functionName: decodeURIComponent(url.pathname.split('/')[3] ?? ''),
      qualifier: url.searchParams.get('Qualifier'),
      event: JSON.parse(body),
      headers: request.headers,
    };
    this.invocations.push(invocation);
    const answer = await this.behaviour(invocation);
    if (answer === HANG) return;
    if (answer === RESET) {
      request.socket.resetAndDestroy();
      return;
    }
    if (answer instanceof RawAnswer) {
      response.writeHead(answer.status, answer.headers).end(answer.body);
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  }

  private async verify(request: IncomingMessage, body: string): Promise<string | undefined> {
    const { authorization = '' } = request.headers;
    const match =
      /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\d{8}\/([^/]+)\/lambda\/aws4_request, SignedHeaders=([^,]+), /.exec(
        authorization,
      );
    if (match === null) return `no signature: ${authorization}`;
    const [, accessKeyId, region = '', names = ''] = match;
    if (accessKeyId !== CREDENTIALS.accessKeyId) return 'another access key';
    const headers: Record<string, string> = {};
    for (const name of names.split(';')) {
      if (name !== 'host' && name !== 'x-amz-date' && name !== 'x-amz-security-token') {
        headers[name] = String(request.headers[name]);
      }
    }
    if (names.includes('x-amz-security-token')) {
      if (request.headers['x-amz-security-token'] !== CREDENTIALS.sessionToken) return 'another session token';
    }
    const signer = new AwsV4Signer({
      ...CREDENTIALS,
      ...(names.includes('x-amz-security-token') ? {} : { sessionToken: undefined }),
      method: request.method,
      url: `http://${request.headers.host}${request.url}`,
      headers,
      body,
      service: 'lambda',
      region,
      datetime: String(request.headers['x-amz-date']),
      allHeaders: true,
    });
    const expected = (await signer.sign()).headers.get('authorization');
    return expected === authorization ? undefined : `signature differs: ${authorization} instead of ${expected}`;
  }
}

/** Voicegate's own answer for a decision. */
export function answer(decision: Decision): unknown {
  return { isAuthorized: decision.outcome === 'allow', context: encodeDecision(decision) };
}

export function allow(grant: Partial<Extract<Decision, { outcome: 'allow' }>['grant']> = {}, ttl = 60): unknown {
  return answer({
    outcome: 'allow',
    grant: { principal: 'alice', keyId: 'AAAAAAAAAAAA', scopes: ['tts:synthesize'], ...grant },
    ttl,
  });
}

export function deny(status: 401 | 403 | 429, ttl = 10): unknown {
  return answer({ outcome: 'deny', status, reason: status === 401 ? 'unknown' : 'refused', ttl });
}

/** What Lambda answers when the function throws. */
export function functionError(errorMessage: string): RawAnswer {
  return new RawAnswer(200, JSON.stringify({ errorMessage, errorType: 'Error' }), {
    'X-Amz-Function-Error': 'Unhandled',
  });
}
