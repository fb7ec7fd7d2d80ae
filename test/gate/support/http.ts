import { randomBytes } from 'node:crypto';
import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { formatApiKey, generateApiKey } from '../../../contract/api-key';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test knows what it asked for
  json(): any;
}

export interface Call {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer;
}

const agent = new Agent({ keepAlive: true, maxSockets: 2000 });

/** One request over node:http, which sends the path as it is given. */
export function call(base: string, path: string, options: Call = {}): Promise<Answer> {
  const url = new URL(base);
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        host: url.hostname,
        port: url.port,
        path,
        method: options.method ?? 'GET',
        headers: options.headers as Record<string, string | string[]>,
        agent,
        timeout: 20_000,
      },
      (response) => {
        let body = '';
        response.on('data', (data) => {
          body += data;
        });
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body,
            json: () => JSON.parse(body),
          }),
        );
        response.on('error', reject);
      },
    );
    request.on('timeout', () => request.destroy(new Error('timeout')));
    request.on('error', reject);
    request.end(options.body);
  });
}

/** Sends bytes as they are, and reads until the server closes or the answer is complete. */
export function raw(
  base: string,
  bytes: string | Buffer,
  complete: (text: string) => boolean = () => false,
): Promise<string> {
  const url = new URL(base);
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(Number(url.port), url.hostname, () => socket.write(bytes));
    socket.setTimeout(8000, () => socket.destroy());
    socket.on('data', (data) => {
      text += data.toString('latin1');
      if (complete(text)) socket.destroy();
    });
    socket.on('close', () => resolve(text));
    socket.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNRESET' ? resolve(text) : reject(error)));
  });
}

/** A well-formed key, never used before. */
export function newKey(): string {
  return formatApiKey(generateApiKey(randomBytes));
}

export function withKey(key: string, headers: Readonly<Record<string, string>> = {}): Call {
  return { headers: { 'X-API-Key': key, ...headers } };
}
