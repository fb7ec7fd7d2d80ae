import type { Agent, IncomingMessage } from 'node:http';

/** An answer larger than any item of DynamoDB is none of its. */
const MAX_BYTES = 2 * 1024 * 1024;

type Scheme = typeof import('node:http') | typeof import('node:https');
interface Transport {
  readonly scheme: Scheme;
  readonly agent: Agent;
}
const transports = new Map<string, Transport>();

/** Posts a text and reads the answer; follows no redirect. The signal ends it wherever it is. */
export async function postText(
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly text: string }> {
  const { scheme, agent } = await transportOf(url.protocol);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = scheme.request(url, {
      method: 'POST',
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      agent,
      signal,
    });
    request.on('response', resolve);
    request.on('error', reject);
    request.end(body);
  });
  let text = '';
  response.setEncoding('utf8');
  for await (const chunk of response) {
    text += chunk;
    if (text.length > MAX_BYTES) throw new Error(`an answer of more than ${MAX_BYTES} bytes`);
  }
  return { status: response.statusCode ?? 0, text };
}

/** Loaded with the first call. Connections are kept: the next decision in this process needs no TLS handshake. */
async function transportOf(protocol: string): Promise<Transport> {
  const known = transports.get(protocol);
  if (known !== undefined) return known;
  const scheme = protocol === 'http:' ? await import('node:http') : await import('node:https');
  const transport = { scheme, agent: new scheme.Agent({ keepAlive: true }) };
  transports.set(protocol, transport);
  return transport;
}
