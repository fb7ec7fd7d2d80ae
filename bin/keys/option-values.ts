/** What the options of `voicegate keys` accept. Every reader throws a UsageError that names the value and what is allowed. */

import { isKeyId, KEY_ID_LENGTH } from '../../contract/api-key';
import { parseCidr } from '../../contract/cidr';
import type { RatePlan } from '../../contract/decision';
import { isPathPattern, PATTERN_LENGTH } from '../../contract/path-pattern';
import {
  MAX_AMOUNT,
  QUOTA_PERIODS,
  QUOTA_UNITS,
  type Quota,
  type QuotaPeriod,
  type QuotaUnit,
} from '../../contract/quota';
import { UsageError } from '../command-error';

export const METHODS: readonly string[] = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'];
const MAX_TEXT = 256;
const MAX_LIST = 50;
const MAX_RATE = 1_000_000;
const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
/** The first second of the year 10000, which no timestamp can write. */
const END_OF_TIME = 253_402_300_800;

export function readKeyId(text: string, option = 'KEYID'): string {
  if (isKeyId(text)) return text;
  // Somebody who pastes the whole key must not find it in an error message.
  const given = text.length > KEY_ID_LENGTH ? `${text.length} characters` : `"${text}"`;
  throw new UsageError(
    `${option} must be the ${KEY_ID_LENGTH} letters and digits between the first and second "_" of a key, got ${given}; ` +
      '`voicegate keys list` shows them',
  );
}

/** Owner and label: free text without control characters. */
export function readText(option: string, text: string, least = 1): string {
  const length = [...text].length;
  if (length < least || length > MAX_TEXT || /\p{Cc}|\p{Cs}/u.test(text)) {
    throw new UsageError(
      `${option} must be ${least} to ${MAX_TEXT} characters without control characters, got ${JSON.stringify(text)}`,
    );
  }
  return text;
}

/** Scopes as OAuth 2.0 allows them (RFC 6749, section 3.3). */
export function readScopes(texts: readonly string[], option = '--scope'): readonly string[] {
  return readList(option, texts, (text) => {
    if (!/^[!#-[\]-~]{1,128}$/.test(text)) {
      throw new UsageError(
        `${option} must be 1 to 128 printable ASCII characters other than space, " and \\, got "${text}"`,
      );
    }
    return text;
  });
}

export function readCidrs(texts: readonly string[], option = '--cidr'): readonly string[] {
  return readList(option, texts, (text) => {
    if (parseCidr(text) === undefined) {
      throw new UsageError(`${option} must be a network such as 192.0.2.0/24 or 2001:db8::/32, got "${text}"`);
    }
    return text;
  });
}

export function readPaths(texts: readonly string[], option = '--path'): readonly string[] {
  return readList(option, texts, (text) => {
    if (!isPathPattern(text)) {
      throw new UsageError(
        `${option} must be an absolute path of at most ${PATTERN_LENGTH} characters, such as /tts, or its beginning and one * at the end, such as /v1/*, got "${text}"`,
      );
    }
    return text;
  });
}

export function readMethods(texts: readonly string[], option = '--method'): readonly string[] {
  return readList(option, texts, (text) => {
    const method = text.toUpperCase();
    if (!METHODS.includes(method)) {
      throw new UsageError(`${option} must be one of ${METHODS.join(', ')}, got "${text}"`);
    }
    return method;
  });
}

export function readRatePlan(rate: string | undefined, burst: string | undefined): RatePlan | undefined {
  if (rate === undefined) {
    if (burst === undefined) return undefined;
    throw new UsageError('--burst needs --rate: the requests a minute that the burst is refilled with');
  }
  const requestsPerMinute = readCount('--rate', rate);
  return {
    requestsPerMinute,
    burst: burst === undefined ? Math.ceil(requestsPerMinute / 6) : readCount('--burst', burst),
  };
}

/** `minute:requests=10`: the period, what is counted, and how many. */
export function readQuota(texts: readonly string[], option = '--quota'): Quota {
  const quota: Partial<Record<QuotaPeriod, Partial<Record<QuotaUnit, number>>>> = {};
  for (const text of texts) {
    const [, periodText, unitText, amountText] = /^([a-z]+):([a-z]+)=(\d{1,13})$/.exec(text) ?? [];
    const period = QUOTA_PERIODS.find((name) => name === periodText);
    const unit = QUOTA_UNITS.find((name) => name === unitText);
    const amount = Number(amountText);
    if (period === undefined || unit === undefined || !(amount >= 1 && amount <= MAX_AMOUNT)) {
      throw new UsageError(
        `${option} must be ${QUOTA_PERIODS.slice(0, -1).join(', ')} or ${QUOTA_PERIODS.at(-1)}, a colon, ${QUOTA_UNITS.join(' or ')}, an equals sign and a whole number from 1 to ${MAX_AMOUNT}, such as minute:requests=10, got "${text}"`,
      );
    }
    if (quota[period]?.[unit] !== undefined) {
      throw new UsageError(`${option} must name ${period}:${unit} once, got it twice`);
    }
    quota[period] = { ...quota[period], [unit]: amount };
  }
  return quota;
}

/** A time: `now`, a duration from now such as `30d`, a date, or a date and time with its offset. Seconds since the epoch. */
export function readInstant(option: string, text: string, now: number): number {
  const seconds = text === 'now' ? Math.floor(now) : (durationFrom(text, now) ?? dateSeconds(text));
  if (seconds === undefined || !(seconds >= 0 && seconds < END_OF_TIME)) {
    throw new UsageError(
      `${option} must be now, a duration from now (a number and s, m, h, d or w, such as 30d), a date (2027-01-31, its first second in UTC) or a time with its offset (2027-01-31T12:00:00Z), got "${text}"`,
    );
  }
  return seconds;
}

/** A date, or a date and time with its offset, as files hold them: they mean the same whenever they are read. */
export function readDate(name: string, text: string): number {
  const seconds = dateSeconds(text);
  if (seconds === undefined || seconds < 0) {
    throw new UsageError(
      `${name} must be a date (2027-01-31) or a time with its offset (2027-01-31T12:00:00Z), got "${text}"`,
    );
  }
  return seconds;
}

/** A length of time such as `24h`, in seconds. */
export function readDuration(option: string, text: string): number {
  const seconds = durationFrom(text, 0);
  if (seconds === undefined) {
    throw new UsageError(`${option} must be a number and s, m, h, d or w, such as 24h, got "${text}"`);
  }
  return seconds;
}

function durationFrom(text: string, now: number): number | undefined {
  const [, count, unit] = /^(\d{1,9})([smhdw])$/.exec(text) ?? [];
  const length = unit === undefined ? undefined : UNITS[unit];
  return length === undefined ? undefined : Math.floor(now) + Number(count) * length;
}

function dateSeconds(text: string): number | undefined {
  const match = /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2}))?$/.exec(text);
  const [, day] = match ?? [];
  if (day === undefined) return undefined;
  // JavaScript reads 30 February as 2 March.
  const midnight = new Date(`${day}T00:00:00Z`);
  if (Number.isNaN(midnight.getTime()) || midnight.toISOString().slice(0, 10) !== day) return undefined;
  const milliseconds = Date.parse(text);
  return Number.isNaN(milliseconds) ? undefined : milliseconds / 1000;
}

export function readCount(option: string, text: string): number {
  if (!/^\d{1,7}$/.test(text) || Number(text) < 1 || Number(text) > MAX_RATE) {
    throw new UsageError(`${option} must be a whole number from 1 to ${MAX_RATE}, got "${text}"`);
  }
  return Number(text);
}

function readList(option: string, texts: readonly string[], read: (text: string) => string): readonly string[] {
  if (texts.length > MAX_LIST)
    throw new UsageError(`${option} may be given ${MAX_LIST} times at most, got ${texts.length}`);
  return [...new Set(texts.map(read))];
}
