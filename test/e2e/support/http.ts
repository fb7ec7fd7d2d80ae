import { readFileSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  json(): Record<string, unknown>;
}

export interface Options {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer;
  /** File of the CA that signed the server's certificate. */
  readonly ca?: string;
  /** Name that the server's certificate must have. @default - that of a `host` header, else of the URL */
  readonly servername?: string;
  /** Loopback address to call from: another address is another client. Default 127.0.0.1. */
  readonly from?: string;
}

/** One request on a connection of its own; redirects are not followed, every status is an answer. */
export function call(url: string, options: Options = {}): Promise<Answer> {
  const secure = url.startsWith('https:');
  return new Promise((resolve, reject) => {
    const request = (secure ? httpsRequest : httpRequest)(
      url,
      {
        method: options.method ?? 'GET',
        headers: options.headers as Record<string, string | string[]> | undefined,
        agent: false,
        localAddress: options.from ?? '127.0.0.1',
        family: 4,
        timeout: 60_000,
        ...(options.servername === undefined ? {} : { servername: options.servername }),
        ...(options.ca === undefined ? {} : { ca: readFileSync(options.ca) }),
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const body = Buffer.concat(chunks);
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body,
            json: () => JSON.parse(body.toString()) as Record<string, unknown>,
          });
        });
      },
    );
    request.on('timeout', () => request.destroy(new Error(`no answer from ${new URL(url).pathname} within 60 s`)));
    request.on('error', reject);
    request.end(options.body);
  });
}
