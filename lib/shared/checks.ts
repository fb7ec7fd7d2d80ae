import { type Duration, Token } from 'aws-cdk-lib';
import { normalizeDomainName } from '../../contract/domain-name';
import { isPathPattern } from '../../contract/path-pattern';
import type { Range } from '../../contract/range';
import { KIND, shown } from './kinds';

/** Props are checked where they enter: an error names the prop, what was given and what is allowed. */

export function checkInteger(prop: string, value: number | undefined, min: number, max: number): void {
  if (value === undefined || Token.isUnresolved(value)) return;
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new Error(`${prop} must be a whole number from ${min} to ${max}, got ${shown(value)}`);
  }
}

/** The same by a range that rooms agree on. */
export function checkRange(prop: string, value: number | undefined, { least, most }: Range): void {
  checkInteger(prop, value, least, most);
}

/** Whole seconds of a duration, by a range that rooms agree on. */
export function checkSecondsIn(prop: string, value: Duration, { least, most }: Range): number {
  return checkSeconds(prop, value, least, most);
}

/** Whole seconds of a duration that is known at synthesis. */
export function checkSeconds(prop: string, value: Duration, min: number, max: number): number {
  if (!KIND.duration.is(value)) throw new Error(`${prop} must be ${KIND.duration.phrase}, got ${shown(value)}`);
  if (value.isUnresolved()) {
    throw new Error(`${prop} must be known at synthesis, got a token: it becomes part of the gate's configuration`);
  }
  const seconds = value.toSeconds({ integral: false });
  if (!Number.isInteger(seconds) || seconds < min || seconds > max) {
    throw new Error(`${prop} must be whole seconds from ${min} to ${max}, got ${seconds} s`);
  }
  return seconds;
}

/** Whole minutes of a duration that is known at synthesis. */
export function checkMinutes(prop: string, value: Duration, min: number, max: number): void {
  if (!KIND.duration.is(value)) throw new Error(`${prop} must be ${KIND.duration.phrase}, got ${shown(value)}`);
  if (value.isUnresolved()) return;
  const minutes = value.toMinutes({ integral: false });
  if (!Number.isInteger(minutes) || minutes < min || minutes > max) {
    throw new Error(`${prop} must be whole minutes from ${min} to ${max}, got ${minutes} minutes`);
  }
}

export function checkPathPatterns(prop: string, patterns: readonly string[] | undefined): void {
  if (patterns !== undefined && !KIND.texts.is(patterns)) {
    throw new Error(`${prop} must be a list of paths such as ["/tts"], got ${shown(patterns)}`);
  }
  for (const pattern of patterns ?? []) {
    if (!isPathPattern(pattern)) {
      throw new Error(
        `${prop}: "${pattern}" is not allowed; a path pattern is an absolute path such as "/tts", optionally with one "*" at its end`,
      );
    }
  }
}

/** Characters of a URL that a load balancer is given. */
const URL_LENGTH = 256;

/** An https URL that a load balancer is to call; one that is known only at deployment is taken on trust. */
export function checkHttpsUrl(prop: string, url: string): void {
  if (Token.isUnresolved(url)) return;
  if (!/^https:\/\/[^\s/?#@]+([/?][^\s#]*)?$/.test(url) || !URL.canParse(url) || url.length > URL_LENGTH) {
    const shown = url.replace(/\/\/[^/]*@/, '//…@');
    throw new Error(
      `${prop} must be an https URL of at most ${URL_LENGTH} characters without user name, password and fragment, got "${shown}"`,
    );
  }
}

/** Throws when two props that exclude each other are both given. */
export function checkExclusive(owner: string, given: { readonly [prop: string]: unknown }): void {
  const names = Object.keys(given).filter((name) => given[name] !== undefined);
  if (names.length > 1)
    throw new Error(`${owner}: give only one of ${Object.keys(given).join(', ')}; got ${names.join(' and ')}`);
}

/** The names in the form in which DNS compares them. @throws Error naming one that is none. */
export function checkDomainNames(prop: string, names: readonly string[]): string[] {
  return names.map((given) => {
    if (Token.isUnresolved(given)) return given;
    const name = normalizeDomainName(given);
    if (name === undefined) {
      throw new Error(
        `${prop}: "${given}" is not a domain name; write a name such as tts.example.com, without https://, port and path`,
      );
    }
    return name;
  });
}
