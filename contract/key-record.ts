/** One API key as the key table stores it: everything but the secret, of which only the SHA-256 is kept. */

import type { RatePlan } from './decision';
import { isQuota, type Quota } from './quota';

export interface KeyRecord {
  readonly keyId: string;
  /** SHA-256 of the secret, lower-case hexadecimal. */
  readonly hash: string;
  /** SHA-256 of the secret before the last rotation, good until `previousHashUntil`. */
  readonly previousHash?: string;
  /** Seconds since the epoch. */
  readonly previousHashUntil?: number;
  /** Who holds the key; sent to the app as the principal. Free text, at most 256 characters. */
  readonly owner: string;
  /** What the key is for. Free text, at most 256 characters. */
  readonly label: string;
  readonly scopes: readonly string[];
  readonly paths?: readonly string[];
  readonly methods?: readonly string[];
  readonly sourceCidrs?: readonly string[];
  readonly plan?: RatePlan;
  readonly quota?: Quota;
  /** Seconds since the epoch, like the times below. */
  readonly createdAt: number;
  readonly notBefore?: number;
  readonly expiresAt?: number;
  readonly revokedAt?: number;
  readonly disabledAt?: number;
  readonly lastUsedAt?: number;
  /** When DynamoDB's time-to-live removes the item. */
  readonly deleteAt?: number;
  /** Counts the changes that people make, so that two at once are noticed. Absent: 0. */
  readonly version?: number;
  /** The last changes that people made, oldest first, at most {@link LONGEST_HISTORY}. */
  readonly history?: readonly KeyChange[];
}

/** Who changed a key, when and what. */
export interface KeyChange {
  /** Seconds since the epoch. */
  readonly at: number;
  /** ARN of the AWS identity whose credentials were used. */
  readonly by: string;
  /** `created`, `imported`, or the names of the terms that changed. */
  readonly what: string;
}

/** The rest is in CloudTrail, where data events of the table are recorded. */
export const LONGEST_HISTORY = 20;

export type KeyState = 'active' | 'revoked' | 'disabled' | 'expired' | 'not-yet-valid';

/** What a key is at a time in seconds since the epoch; of several reasons the most final one. */
export function keyState(
  record: Pick<KeyRecord, 'revokedAt' | 'disabledAt' | 'expiresAt' | 'notBefore'>,
  now: number,
): KeyState {
  if (record.revokedAt !== undefined) return 'revoked';
  if (record.disabledAt !== undefined) return 'disabled';
  if (record.expiresAt !== undefined && now >= record.expiresAt) return 'expired';
  if (record.notBefore !== undefined && now < record.notBefore) return 'not-yet-valid';
  return 'active';
}

/** A DynamoDB item in the low-level JSON form that both the SDK and the plain HTTP API use. */
export type AttributeValue =
  | { readonly S: string }
  | { readonly N: string }
  | { readonly L: readonly AttributeValue[] }
  | { readonly M: Readonly<Record<string, AttributeValue>> };

export type KeyItem = Readonly<Record<string, AttributeValue>>;

export function toItem(record: KeyRecord): KeyItem {
  const item: Record<string, AttributeValue> = {};
  for (const [name, value] of Object.entries(record)) {
    if (value !== undefined) item[name] = toAttribute(value);
  }
  return item;
}

const HASH = /^[0-9a-f]{64}$/;

type Check = readonly [allowed: string, check: (value: unknown) => boolean];
const TEXT: Check = ['a string', (value) => typeof value === 'string'];
const NUMBER: Check = ['a finite number', (value) => typeof value === 'number' && Number.isFinite(value)];
const DIGEST: Check = ['64 lower-case hexadecimal digits', (value) => typeof value === 'string' && HASH.test(value)];
const LIST: Check = ['a list of strings', (value) => Array.isArray(value) && value.every((e) => typeof e === 'string')];
const PLAN: Check = ['a map of requestsPerMinute and burst, each at least 1', isRatePlan];

const REQUIRED = { keyId: TEXT, hash: DIGEST, owner: TEXT, label: TEXT, scopes: LIST, createdAt: NUMBER } as const;
const OPTIONAL = {
  previousHash: DIGEST,
  previousHashUntil: NUMBER,
  paths: LIST,
  methods: LIST,
  sourceCidrs: LIST,
  plan: PLAN,
  quota: ['a map of minute, hour, day and month, each of requests and characters', isQuota],
  notBefore: NUMBER,
  expiresAt: NUMBER,
  revokedAt: NUMBER,
  disabledAt: NUMBER,
  lastUsedAt: NUMBER,
  deleteAt: NUMBER,
  version: NUMBER,
  // No decision depends on it, so it is not looked into.
  history: ['a list', Array.isArray],
} as const;

/**
 * The record in an item; attributes that this version does not know are left out.
 * @throws Error naming the attribute that is missing or of the wrong type (never its value).
 */
export function fromItem(item: KeyItem): KeyRecord {
  const record: Record<string, unknown> = {};
  for (const [name, [allowed, check]] of Object.entries({ ...REQUIRED, ...OPTIONAL })) {
    const attribute = item[name];
    if (attribute === undefined && name in OPTIONAL) continue;
    const value = attribute && fromAttribute(attribute);
    // An unreadable constraint must not become an absent one, which would allow everything.
    if (!check(value)) throw new Error(`key item: attribute ${name} must be ${allowed}`);
    record[name] = value;
  }
  return record as unknown as KeyRecord;
}

function isRatePlan(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { requestsPerMinute, burst } = value as { readonly requestsPerMinute?: unknown; readonly burst?: unknown };
  return [requestsPerMinute, burst].every((n) => typeof n === 'number' && Number.isFinite(n) && n >= 1);
}

/** @throws Error when the value is of a type that the table does not use. */
export function toAttribute(value: unknown): AttributeValue {
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number') return { N: String(value) };
  if (Array.isArray(value)) return { L: value.map(toAttribute) };
  if (typeof value === 'object' && value !== null) {
    return { M: Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, toAttribute(entry)])) };
  }
  throw new Error(`key item: cannot store a ${typeof value}`);
}

/** The plain value of an attribute; undefined when it is of a type that the table does not use. */
export function fromAttribute(attribute: AttributeValue): unknown {
  if ('S' in attribute) return attribute.S;
  if ('N' in attribute) return Number(attribute.N);
  if ('L' in attribute) return attribute.L.map(fromAttribute);
  if ('M' in attribute) {
    return Object.fromEntries(Object.entries(attribute.M).map(([name, entry]) => [name, fromAttribute(entry)]));
  }
  return undefined;
}
