/** What of a request a log may hold. */

import { maskKeys } from '../../../contract/mask';

const LONGEST_PATH = 1024;
const LONGEST_TRACE = 200;
const COMMON_TRACE = /^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/;
const TRACE = /^[A-Za-z0-9=;:.-]*$/;

/** A path or a method, cut to a sane length, without whatever could be a key. */
export function loggable(text: string): string {
  return maskKeys(text.length > LONGEST_PATH ? text.slice(0, LONGEST_PATH) : text);
}

/** The load balancer's trace id, or nothing when the header holds anything else. */
export function loggableTrace(header: string): string {
  if (header.length > LONGEST_TRACE) return '';
  // As load balancers write it, and too short in every part to be a key: no need to look for one.
  if (COMMON_TRACE.test(header)) return header;
  return TRACE.test(header) ? maskKeys(header) : '';
}
