/**
 * A JSON object read so that every parser reads it alike: RFC 8259 to the letter, no name twice in one object (however
 * it is escaped), no half of a surrogate pair, bounded in depth, values and digits.
 */

import { isWellFormed } from './utf8';

/** Levels of arrays and objects. */
const MAX_DEPTH = 16;
/** Each takes time in which other requests wait. */
export const MAX_VALUES = 1000;
/** Longer numbers are refused by some parsers. */
const MAX_NUMBER = 100;

/** The members of the outermost object: strings as they are, anything else as undefined. */
export type JsonMembers = ReadonlyMap<string, string | undefined>;

export class JsonError extends Error {
  override readonly name = 'JsonError';
}

/** @throws JsonError with a reason that quotes nothing of the text. */
export function readJsonObject(text: string): JsonMembers {
  const reader = new Reader(text);
  return reader.outermost();
}

class Reader {
  private at = 0;
  private values = 0;

  constructor(private readonly text: string) {}

  outermost(): JsonMembers {
    this.space();
    if (this.text[this.at] !== '{') throw new JsonError('is not a JSON object');
    const members = this.object(1);
    this.space();
    if (this.at < this.text.length) throw this.malformed();
    return members;
  }

  /** A value; its text when it is a string. */
  private value(depth: number): string | undefined {
    if (++this.values > MAX_VALUES) throw new JsonError(`holds more than ${MAX_VALUES} values`);
    switch (this.text[this.at]) {
      case '"':
        return this.string();
      case '{':
        this.object(depth + 1);
        return undefined;
      case '[':
        this.array(depth + 1);
        return undefined;
      default:
        this.scalar();
        return undefined;
    }
  }

  private object(depth: number): JsonMembers {
    const members = new Map<string, string | undefined>();
    this.list(depth, '}', () => {
      if (this.text[this.at] !== '"') throw this.malformed();
      const name = this.string();
      if (members.has(name)) throw new JsonError('names a field twice');
      this.space();
      this.take(':');
      this.space();
      members.set(name, this.value(depth));
    });
    return members;
  }

  private array(depth: number): void {
    this.list(depth, ']', () => this.value(depth));
  }

  private list(depth: number, end: string, item: () => void): void {
    if (depth > MAX_DEPTH) throw new JsonError(`is nested more than ${MAX_DEPTH} levels deep`);
    this.at++;
    this.space();
    if (this.text[this.at] === end) {
      this.at++;
      return;
    }
    for (;;) {
      item();
      this.space();
      if (this.text[this.at] === end) break;
      this.take(',');
      this.space();
    }
    this.at++;
  }

  /** Where it ends is looked for by an expression, what it says by the engine's own parser, which is as strict. */
  private string(): string {
    const start = this.at;
    for (this.at++; this.text[this.at] !== '"'; ) {
      if (this.at >= this.text.length) throw this.malformed();
      INSIDE.lastIndex = this.at;
      if (!INSIDE.test(this.text)) throw this.malformed();
      this.at = INSIDE.lastIndex;
    }
    this.at++;
    const value = parsed(this.text.slice(start, this.at));
    if (value === undefined) throw this.malformed();
    if (!isWellFormed(value)) throw new JsonError('holds half of a surrogate pair');
    return value;
  }

  private scalar(): void {
    // The first character that can be no part of one ends it, and a longer one is refused anyway.
    const found = /^[-+.0-9A-Za-z]*/.exec(this.text.slice(this.at, this.at + MAX_NUMBER + 1))?.[0] ?? '';
    if (found.length > MAX_NUMBER) throw new JsonError(`holds a number of more than ${MAX_NUMBER} digits`);
    if (!SCALAR.test(found)) throw this.malformed();
    this.at += found.length;
  }

  private take(character: string): void {
    if (this.text[this.at] !== character) throw this.malformed();
    this.at++;
  }

  private space(): void {
    while (SPACES.has(this.text.charCodeAt(this.at))) this.at++;
  }

  private malformed(): JsonError {
    return new JsonError('is not valid JSON');
  }
}

function parsed(literal: string): string | undefined {
  try {
    return JSON.parse(literal) as string;
  } catch {
    return undefined;
  }
}

/** Not without end, as an expression's repetitions take memory. */
const INSIDE = /(?:[^"\\]|\\[\s\S]){1,256}/y;
const SCALAR = /^(true|false|null|-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?)$/;
const SPACES: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);
