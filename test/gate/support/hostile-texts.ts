/** Texts that a stranger may send where the gate reads them, each with a middle that may be repeated to any length. */

import { newKey } from './http';

/** A text that begins and ends as one in order may, with the middle repeated to the length wanted. */
export interface Hostile {
  /** A header's name, or where in the target it stands. */
  readonly where: string;
  readonly before: string;
  readonly unit: string;
  readonly after: string;
}

export function grown({ before, unit, after }: Hostile, length: number): string {
  return before + unit.repeat(Math.floor((length - before.length - after.length) / unit.length)) + after;
}

/** As the bytes of a header, which Node sends as they are. */
export const bytes = (text: string) => Buffer.from(text).toString('latin1');
const key = newKey();

export const STARTS: Readonly<Record<string, readonly string[]>> = {
  accept: ['', 'text/html', 'text/html;q=', 'text/html;q=0.', 'text/html,'],
  authorization: ['', 'Bearer', 'Bearer ', 'Bearer vg_', 'Bearer eyJ.eyJ.', 'Basic '],
  'content-type': ['', 'application/json', 'application/json;', 'application/json; charset=', 'multipart/'],
  cookie: ['', '__Host-voicegate=', 'a=b; __Host-voicegate=x'],
  'x-api-key': ['', 'vg_', key.slice(0, 16), key],
  'x-forwarded-for': ['', '203.0.113.9', '2001:db8:'],
  'x-forwarded-proto': ['https'],
  'x-amzn-trace-id': ['', 'Root=1-67891233-abcdef012345678912345678'],
  forwarded: ['for='],
  origin: ['', 'https://', 'https://example.com'],
  'access-control-request-headers': ['', 'authorization'],
  'sec-fetch-dest': ['document'],
  'user-agent': [''],
  '/': ['', 'static/', 'vg_', '%76g_', 'tts', '%2'],
  '/tts?': ['', 'text=', 'api_key=', 'api_key=vg_', '%61pi_key=vg_', 'a=b&'],
};
export const UNITS = [
  ...[' ', '\t', ' \t', ',', ', ', ';', '; ', '=', '.', '/', '_', '-', '&', '+', '"', '0', 'a', ':', 'q=0,', ';q=0'],
  ...['vg_', 'vg', 'a.', 'text/html,', 'text/html ', '%41', '%2', '%', '%25', '%2525', '%76%67%5f', 'api_key=', '/a'],
  ...['__Host-voicegate=x;', 'charset=utf-8;', '203.0.113.9,', 'Bearer '].concat(
    ['é', '\u2028', '\ud83d\ude00'].map(bytes),
  ),
];
export const ENDS = ['', 'x', ';q=0', ' y', '"', '%', '_', bytes('x\u2028y')];

/** What may stand there: a target ends at a space or a tab. */
export function fits(where: string, text: string): boolean {
  return !where.startsWith('/') || /^[!-~]*$/.test(text);
}

/** The request line's target and the headers that hold the text. */
export function requestOf(hostile: Hostile, length: number): { target: string; headers: Record<string, string> } {
  const text = grown(hostile, length);
  const page = { accept: 'text/html', host: 'tts.example.com' };
  return hostile.where.startsWith('/')
    ? { target: hostile.where + text, headers: page }
    : { target: '/x', headers: { ...page, [hostile.where]: text } };
}
