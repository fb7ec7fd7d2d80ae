import { createHash } from 'node:crypto';

const HOUR = 3600 * 1000;
/** So long people are likely to work on their records. */
const EAGER = 48 * HOUR;
const HOURS = 6;

/**
 * Whether a run that comes every hour is to do something: each hour for two days after names were deployed, as long as
 * some of them have no certificate; then every six hours. Which of the six depends on the certificate, so that not all
 * deployments call the authority at the same time.
 */
export function isTurn(
  now: number,
  certificate: { readonly arn: string; readonly complete: boolean; readonly wantedSince: number },
): boolean {
  if (!certificate.complete && now - certificate.wantedSince < EAGER) return true;
  const slot = createHash('sha256').update(certificate.arn).digest().readUInt32BE(0) % HOURS;
  return Math.floor(now / HOUR) % HOURS === slot;
}
