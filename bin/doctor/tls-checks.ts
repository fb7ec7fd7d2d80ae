/** The certificate, and how old a protocol may be. */

import { checkServerIdentity } from 'node:tls';
import { type Check, failed, ok, reasonOf, type ServiceFacts, unknown } from './check';
import { bare } from './probe';

const DAY = 24 * 60 * 60 * 1000;
/** Everything that renews by itself has done so by then. */
const FEW_DAYS = 14;

export const TLS_CHECKS: readonly Check<ServiceFacts>[] = [
  {
    name: 'certificate chain',
    async run({ url, probe }) {
      const { distrust, certificate } = await probe.handshake(url);
      const issuer = certificate.issuer?.O ?? certificate.issuer?.CN ?? 'an issuer without a name';
      if (distrust === '' || isOnlyExpired(distrust)) return ok(`trusted, from ${String(issuer)}`);
      return failed(
        `${distrust}, from ${String(issuer)}`,
        'Use a certificate that clients trust (-c certificateArn= or a hosted zone), or name the one they are given by --ca FILE.',
      );
    },
  },
  {
    name: 'certificate names',
    async run({ url, probe }) {
      const { certificate } = await probe.handshake(url);
      const wrong = checkServerIdentity(bare(url.hostname), certificate);
      return wrong === undefined
        ? ok(certificate.subjectaltname ?? '')
        : failed(
            `${certificate.subjectaltname ?? 'no names'}: not ${bare(url.hostname)}`,
            `Use a certificate that names ${bare(url.hostname)} (-c domainNames=).`,
          );
    },
  },
  {
    name: 'certificate days',
    async run({ url, probe, now }) {
      const { certificate } = await probe.handshake(url);
      const days = Math.floor((Date.parse(certificate.valid_to) - now()) / DAY);
      const text = days < 0 ? `ended on ${certificate.valid_to}` : `${days} days left`;
      return days >= FEW_DAYS
        ? ok(text)
        : failed(text, 'It should have been renewed by now: see the runbook, section "Certificate expiry".');
    },
  },
  {
    name: 'TLS floor',
    async run({ url, probe }) {
      const { protocol } = await probe.handshake(url);
      try {
        const old = await probe.handshake(url, { min: 'TLSv1', max: 'TLSv1.1' });
        return failed(`takes ${old.protocol}`, 'Use a TLS policy of the load balancer that begins with TLS 1.2.');
      } catch (error) {
        const reason = reasonOf(error);
        if (/no protocols available|unsupported protocol|NO_PROTOCOLS/i.test(reason) && !/alert/i.test(reason)) {
          return unknown(`speaks ${protocol}; this machine cannot offer TLS 1.1 to see whether it is refused`);
        }
        return ok(`${protocol}; TLS 1.1 is refused`);
      }
    },
  },
];

/** That has a check of its own. */
function isOnlyExpired(reason: string): boolean {
  return /CERT_HAS_EXPIRED|certificate has expired/i.test(reason);
}
