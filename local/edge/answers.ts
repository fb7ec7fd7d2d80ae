import { STATUS_CODES } from 'node:http';
import type { Header } from './request-headers.js';

/** An answer that the load balancer or the web ACL gives itself. */
export interface Answer {
  readonly status: number;
  readonly headers: readonly Header[];
  readonly body: string;
}

/** The small page that a load balancer answers with. */
export function statusPage(status: number, headers: readonly Header[] = []): Answer {
  const title = `${status} ${statusText(status)}`;
  const body = `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n</body>\r\n</html>\r\n`;
  return { status, headers: [['Content-Type', 'text/html'], ...headers], body };
}

/** For what is deployed but not emulated: closed, and saying why. */
export function notEmulated(what: string): Answer {
  return {
    status: 503,
    headers: [['Content-Type', 'text/plain; charset=utf-8']],
    body: `The local load balancer does not emulate ${what}, so it answers closed.\n`,
  };
}

export function statusText(status: number): string {
  return STATUS_CODES[status] ?? 'Unknown';
}
