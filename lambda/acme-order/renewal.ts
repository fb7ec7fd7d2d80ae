import { createHash } from 'node:crypto';
import type { CertificateFacts } from '../certificate/certificate-facts';

const DAY = 24 * 3600 * 1000;
/** Below so many days of lifetime half of it is left at renewal, otherwise a third. */
const SHORT = 10 * DAY;

/** When a certificate is renewed. Milliseconds since the epoch. */
export interface Renewal {
  readonly at: number;
  /** Until then a name that leads elsewhere is waited for; afterwards the certificate is renewed without it. */
  readonly until: number;
  /** Until then the authority wants not to be asked again about it. Milliseconds since the epoch. */
  readonly knownUntil?: number;
}

/** Milliseconds for which a word about renewals may hold, whatever the authority says (RFC 9773, 4.3.2). */
export const LONGEST_WORD = DAY;

/** The window in which an authority wants a certificate to be renewed (RFC 9773, 4.2). */
export interface SuggestedWindow {
  readonly start: string;
  readonly end: string;
}

/** When to renew without a word of the authority. No number of days is assumed: lifetimes shrink. */
export function ownRenewal({ notBefore, notAfter }: CertificateFacts): Renewal {
  const lifetime = notAfter - notBefore;
  const at = notAfter - lifetime / (lifetime < SHORT ? 2 : 3);
  return { at, until: (at + notAfter) / 2 };
}

/** A moment of the suggested window; undefined when that is none. */
export function suggestedRenewal(facts: CertificateFacts, window: SuggestedWindow): Renewal | undefined {
  const [start, end] = [Date.parse(window.start), Date.parse(window.end)];
  if (!(end > start)) return undefined;
  const { notBefore, notAfter } = facts;
  // A window that leaves no time for a second try is not waited for.
  const latest = notAfter - Math.min(DAY, (notAfter - notBefore) / 10);
  const at = Math.min(start + fraction(facts.serialNumber) * (end - start), latest);
  return { at, until: Math.max(at, Math.min(end, (at + notAfter) / 2)) };
}

/** From 0 to 1, another for each certificate and always the same for one: each run must choose the same moment. */
function fraction(serialNumber: string): number {
  return createHash('sha256').update(serialNumber).digest().readUInt32BE(0) / 2 ** 32;
}
