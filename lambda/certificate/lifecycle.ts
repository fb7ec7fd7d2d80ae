import {
  CERTIFICATE_METRICS,
  type CertificateProperties,
  RENEW_BEFORE_DAYS,
  TELL_BEFORE_DAYS,
} from '../../contract/certificate-properties';
import type { SecretStore } from './account-key';
import { type CertificateFacts, certificateFacts, endsSoon, isIssued } from './certificate-facts';
import type { CertificateStore } from './certificate-store';
import type { Clock } from './clock';
import type { CountMetric } from './metric-line';
import { withinRightsSettle } from './rights-settle';
import { createSelfSigned } from './self-signed';

const DAY = 24 * 3600 * 1000;
/** Days on which a renewal that lies ahead is told: more than one, should a run be missed. */
const TELL_FOR_DAYS = 3;
/** How long a listener may take to let go of a certificate. */
const LISTENER_LETS_GO = 10 * 60_000;
const PAUSE = 15_000;

export interface Ports {
  readonly store: CertificateStore;
  readonly secrets: SecretStore;
  readonly clock: Clock;
  /** Writes one line about what happened; never a key. */
  readonly log: (message: string, fields?: Readonly<Record<string, unknown>>) => void;
  readonly count: CountMetric;
}

/** Makes and imports a certificate; its ARN. */
export async function create(properties: CertificateProperties, ports: Ports): Promise<string> {
  const certificate = await createSelfSigned(properties, ports.clock.now());
  return withinRightsSettle(ports.clock, () => ports.store.importNew(certificate, properties.tags ?? {}));
}

/**
 * Replaces the certificate under its ARN, so listeners need no change; a new ARN when somebody deleted the old one. One
 * that an authority has issued and that is valid stays: who orders it looks after its names.
 */
export async function replaceUnlessIssued(
  arn: string,
  properties: CertificateProperties,
  ports: Ports,
): Promise<string> {
  const pem = await withinRightsSettle(ports.clock, () => ports.store.read(arn));
  if (pem !== undefined && isIssued(certificateFacts(pem), ports.clock.now())) {
    ports.log('an authority has issued the certificate, and it is valid: it stays', { certificateArn: arn });
    return arn;
  }
  const certificate = await createSelfSigned(properties, ports.clock.now());
  if (await ports.store.replace(arn, certificate)) return arn;
  ports.log('the certificate was gone; importing a new one', { certificateArn: arn });
  return create(properties, ports);
}

/** What the daily look at a certificate came to. */
export type DailyResult = 'renewed' | 'not yet due' | 'issued by an authority';

/** Replaces a self-signed certificate when it ends soon, and tells well before that it will. */
export async function renewWhenDue(arn: string, properties: CertificateProperties, ports: Ports): Promise<DailyResult> {
  const pem = await ports.store.read(arn);
  // Without a certificate there is nothing to renew: a new one would get another ARN, which no listener knows.
  if (pem === undefined) throw missing(arn);
  const now = ports.clock.now();
  const facts = certificateFacts(pem);
  if (isIssued(facts, now)) return 'issued by an authority';
  const renewal = facts.notAfter - RENEW_BEFORE_DAYS * DAY;
  if (renewal > now) {
    tellAhead(arn, (renewal - now) / DAY, facts, ports);
    return 'not yet due';
  }
  try {
    if (!(await ports.store.replace(arn, await createSelfSigned(properties, now)))) throw missing(arn);
  } catch (error) {
    ports.count(arn, CERTIFICATE_METRICS.importFailed, 1);
    if (endsSoon(facts, now)) ports.count(arn, CERTIFICATE_METRICS.endsSoon, 1);
    throw error;
  }
  return 'renewed';
}

function tellAhead(arn: string, days: number, { notAfter }: CertificateFacts, ports: Ports): void {
  if (!TELL_BEFORE_DAYS.some((before) => days <= before && days > before - TELL_FOR_DAYS)) return;
  ports.count(arn, CERTIFICATE_METRICS.renewalAhead, 1);
  ports.log(
    `the self-signed certificate gets a new key in ${Math.ceil(days)} days: callers who trust its file will need the new one`,
    { certificateArn: arn, ends: new Date(notAfter).toISOString() },
  );
}

function missing(arn: string): Error {
  return new Error(`certificate ${arn} does not exist; deploy the stack again`);
}

/** Deletes the certificate. One that stays in use is left behind with a warning: it must not block the stack. */
export async function remove(arn: string, ports: Ports): Promise<void> {
  const deadline = ports.clock.now() + LISTENER_LETS_GO;
  while ((await ports.store.delete(arn)) === 'in-use') {
    if (ports.clock.now() >= deadline) {
      ports.log('the certificate is still in use and stays; delete it by hand', { certificateArn: arn });
      return;
    }
    await ports.clock.sleep(PAUSE);
  }
}
