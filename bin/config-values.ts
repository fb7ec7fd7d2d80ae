/** How values of the configuration are read. */

import { normalizeDomainName } from '../contract/domain-name';

class NotAllowed extends Error {}

/** Marks a value as not allowed. */
export function refuse(): never {
  throw new NotAllowed();
}

export function isNotAllowed(error: unknown): boolean {
  return error instanceof NotAllowed;
}

type Parse<T> = (value: unknown) => T;

export function text(pattern: RegExp): Parse<string> {
  return (value) => (typeof value === 'string' && pattern.test(value) ? value : refuse());
}

/** `cdk -c` passes text; cdk.json may hold numbers. */
export function integer(min: number, max: number): Parse<number> {
  return (value) => {
    const number = typeof value === 'string' && /^\d{1,10}$/.test(value) ? Number(value) : value;
    return typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max ? number : refuse();
  };
}

export function boolean(value: unknown): boolean {
  if (value === true || value === 'true') return true;
  if (value === false || value === 'false') return false;
  return refuse();
}

/** A list, or its items in one text, separated by commas. */
export function list(item: RegExp): Parse<string[]> {
  return (value) => {
    const items = typeof value === 'string' ? value.split(',').map((part) => part.trim()) : value;
    if (items === '' || (Array.isArray(items) && items.length === 1 && items[0] === '')) return [];
    return Array.isArray(items) && items.every((part) => typeof part === 'string' && item.test(part))
      ? items
      : refuse();
  };
}

/** Names and values: an object, or `NAME=VALUE` separated by commas. Values with commas need the object. */
export function map(value: RegExp): Parse<Readonly<Record<string, string>>> {
  return (given) => {
    const pairs = typeof given === 'string' ? given.split(',').map(pair) : entries(given);
    const valid = pairs.every(([name, text]) => /^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name) && value.test(text));
    const names = pairs.map(([name]) => name);
    return valid && new Set(names).size === names.length ? Object.fromEntries(pairs) : refuse();
  };
}

function pair(text: string): [string, string] {
  const at = text.indexOf('=');
  return at < 0 ? refuse() : [text.slice(0, at).trim(), text.slice(at + 1)];
}

function entries(value: unknown): [string, string][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse();
  return Object.entries(value).map(([name, inner]) =>
    ['string', 'number', 'boolean'].includes(typeof inner) ? [name, String(inner)] : refuse(),
  );
}

/** A map whose names are known, each read by its own rule. */
export function members<T>(parses: { readonly [name in keyof T]-?: Parse<T[name]> }): Parse<Partial<T>> {
  return (given) => {
    const found = Object.entries(map(/^.*$/)(given)).map(([name, inner]) =>
      Object.hasOwn(parses, name) ? [name, parses[name as keyof T](inner)] : refuse(),
    );
    return found.length > 0 ? (Object.fromEntries(found) as Partial<T>) : refuse();
  };
}

export function domains(value: unknown): string[] {
  return list(/^\S+$/)(value).map((name) => normalizeDomainName(name) ?? refuse());
}

export function oneOf<T extends string>(...values: readonly T[]): Parse<T> {
  return (value) => values.find((allowed) => allowed === value) ?? refuse();
}

export function oneNumberOf(...values: readonly number[]): Parse<number> {
  return (value) => values.find((allowed) => String(allowed) === String(value)) ?? refuse();
}
