/** Requests as bytes (a `latin1` string), and the cases made of them. */

import type { WORLDS } from './world';

export interface Case {
  /** Stands in the `X-Case` header of each of its requests: tells whose request the app received. */
  readonly id: string;
  readonly name: string;
  readonly world: keyof typeof WORLDS;
  /** All that the client sends, with a last public request that shows whether the connection is still in step. */
  readonly bytes: string;
}

/** A case before it has its number, which takes this one's place. */
export interface Draft {
  readonly name: string;
  readonly bytes: string;
  readonly world?: keyof typeof WORLDS;
}

export const CASE = '#####';
const CASE_LINE = `X-Case: ${CASE}`;
export const SENTINEL = `GET /static/sentinel HTTP/1.1\r\nHost: app.test\r\n${CASE_LINE}\r\nConnection: close\r\n\r\n`;

export interface RawRequest {
  readonly method?: string;
  readonly target: string;
  readonly protocol?: string;
  /** Whole lines, without line end. */
  readonly headers?: readonly string[];
  readonly body?: string;
  /** Default: one, `app.test`. */
  readonly hosts?: readonly string[];
}

export function raw(request: RawRequest): string {
  const { method = 'GET', target, protocol = 'HTTP/1.1', headers = [], body = '', hosts = ['app.test'] } = request;
  const lines = [`${method} ${target} ${protocol}`, ...hosts.map((host) => `Host: ${host}`), CASE_LINE, ...headers];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** What an attacker wants to reach the app as a request of its own, and the beginning of one that takes in the next. */
export const SMUGGLED = `GET /admin/keys HTTP/1.1\r\nHost: app.test\r\n${CASE_LINE}\r\nX-Auth-Principal: root\r\n\r\n`;
export const POISON = `GET /admin/keys HTTP/1.1\r\n${CASE_LINE}\r\nX-Ignore: `;

export const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
export const chunked = (text: string) => `${chunk(text)}0\r\n\r\n`;
export const keyLine = (text: string) => `X-API-Key: ${text}`;

export function numbered(drafts: readonly Draft[], letter: string): readonly Case[] {
  return drafts.map((draft, index) => {
    const id = `${letter}${String(index).padStart(4, '0')}`;
    return {
      id,
      name: draft.name,
      world: draft.world ?? 'strict',
      bytes: (draft.bytes + SENTINEL).replaceAll(CASE, id),
    };
  });
}
