const URN = 'urn:ietf:params:acme:error:';
/** Nobody is obeyed longer: Let's Encrypt's longest window is a week. */
const LONGEST_WAIT = 7 * 24 * 3600 * 1000;
/** Characters of an authority's sentence that are told. */
const LONGEST_DETAIL = 600;

/** An authority refused, or could not be reached. */
export class AcmeProblem extends Error {
  override readonly name = 'AcmeProblem';

  /**
   * @param type of the problem (RFC 8555, 6.7) without its prefix, or a word of our own
   * @param retryAfter milliseconds for which the authority wants to hear nothing
   */
  constructor(
    readonly type: string,
    detail: string,
    readonly retryAfter?: number,
  ) {
    super(`${type}: ${detail.slice(0, LONGEST_DETAIL)}`);
  }
}

/** A problem document, in one line with its parts. */
export function problemOf(document: unknown, otherwise: string, retryAfter?: number): AcmeProblem {
  const { type, detail, subproblems } = asRecord(document);
  const parts = (Array.isArray(subproblems) ? subproblems : []).map((part: unknown) => {
    const { identifier, detail } = asRecord(part);
    return `${textOf(asRecord(identifier).value)}: ${textOf(detail)}`;
  });
  const told = [textOf(detail), ...parts].filter((text) => text !== '').join('; ');
  return new AcmeProblem(textOf(type).replace(URN, '') || 'refused', told || otherwise, retryAfter);
}

/** Milliseconds of a `Retry-After` header: seconds or a date. */
export function retryAfter(header: unknown, now: number): number | undefined {
  if (typeof header !== 'string' || header === '') return undefined;
  const wait = /^\d{1,12}$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(wait) ? Math.min(Math.max(0, wait), LONGEST_WAIT) : undefined;
}

export function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value.replace(/\s+/g, ' ') : '';
}
