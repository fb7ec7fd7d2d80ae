import type { IncomingMessage } from 'node:http';

/** Browsers alone send these; `Sec-Fetch-Mode` is sent by Node's `fetch` as well. */
const BROWSER_HEADERS = /^(?:origin|sec-fetch-(?:site|dest|user)|access-control-request-.*)$/;

/**
 * Why a request does not come from a program of this machine that was told the address; undefined if it may. The twin
 * of `guard.py`, which stands before the emulated AWS: a web page sends an `Origin` or `Sec-Fetch-Site`, and one whose
 * name was made to point at loopback sends that name as `Host`.
 */
export function webRefusal(request: IncomingMessage, port: number): string | undefined {
  const headers = request.rawHeaders.flatMap((name, i, all) =>
    i % 2 === 0 ? [[name.toLowerCase(), all[i + 1] ?? ''] as const] : [],
  );
  if (request.method === 'OPTIONS' || headers.some(([name]) => BROWSER_HEADERS.test(name))) {
    return 'web pages may not ask here';
  }
  const hosts = headers.filter(([name]) => name === 'host').map(([, value]) => value.toLowerCase());
  const known = hosts[0] === `127.0.0.1:${port}` || hosts[0] === `localhost:${port}`;
  if (hosts.length !== 1 || !known || !request.url?.startsWith('/')) {
    return 'only its own loopback address answers, named by one Host header';
  }
  return undefined;
}
