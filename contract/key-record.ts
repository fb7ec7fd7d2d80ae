/** One API key as the key table stores it: everything but the secret, of which only the SHA-256 is kept. */

import type { RatePlan } from './decision';

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
  /** Seconds since the epoch, like the times below. */
  readonly createdAt: number;
  readonly notBefore?: number;
  readonly expiresAt?: number;
  readonly revokedAt?: number;
  readonly disabledAt?: number;
  readonly lastUsedAt?: number;
  /** When DynamoDB's time-to-live removes the item. */
  readonly deleteAt?: number;
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

/** @throws Error naming the attribute that is missing or of the wrong type (never its value). */
export function fromItem(item: KeyItem): KeyRecord {
  const value: Record<string, unknown> = {};
  for (const [name, attribute] of Object.entries(item)) value[name] = fromAttribute(attribute);
  for (const name of ['keyId', 'hash', 'owner', 'label'] as const) {
    if (typeof value[name] !== 'string') throw new Error(`key item: attribute ${name} must be a string`);
  }
  if (typeof value.createdAt !== 'number') throw new Error('key item: attribute createdAt must be a number');
  for (const name of ['scopes', 'paths', 'methods', 'sourceCidrs'] as const) {
    const list = value[name];
    if (name !== 'scopes' && list === undefined) continue;
    if (!Array.isArray(list) || !list.every((entry) => typeof entry === 'string')) {
      throw new Error(`key item: attribute ${name} must be a list of strings`);
    }
  }
  for (const name of [
    'previousHashUntil',
    'notBefore',
    'expiresAt',
    'revokedAt',
    'disabledAt',
    'lastUsedAt',
    'deleteAt',
  ] as const) {
    if (value[name] !== undefined && typeof value[name] !== 'number') {
      throw new Error(`key item: attribute ${name} must be a number`);
    }
  }
  return value as unknown as KeyRecord;
}

function toAttribute(value: unknown): AttributeValue {
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number') return { N: String(value) };
  if (Array.isArray(value)) return { L: value.map(toAttribute) };
  if (typeof value === 'object' && value !== null) {
    return { M: Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, toAttribute(entry)])) };
  }
  throw new Error(`key item: cannot store a ${typeof value}`);
}

function fromAttribute(attribute: AttributeValue): unknown {
  if ('S' in attribute) return attribute.S;
  if ('N' in attribute) return Number(attribute.N);
  if ('L' in attribute) return attribute.L.map(fromAttribute);
  return Object.fromEntries(Object.entries(attribute.M ?? {}).map(([name, entry]) => [name, fromAttribute(entry)]));
}
