import { type CertificateProperties, RENEW_BEFORE_DAYS } from '../../contract/certificate-properties';
import { type CertificateStore, named } from './certificate-store';
import type { Clock } from './clock';
import { createSelfSigned } from './self-signed';

const DAY = 24 * 3600 * 1000;
/** Rights that were granted a moment ago may take this long to work. */
const RIGHTS_SETTLE = 60_000;
/** How long a listener may take to let go of a certificate. */
const LISTENER_LETS_GO = 10 * 60_000;
const PAUSE = 15_000;

export interface Ports {
  readonly store: CertificateStore;
  readonly clock: Clock;
  /** Writes one line about what happened; never a key. */
  readonly log: (message: string, fields?: Readonly<Record<string, unknown>>) => void;
}

/** Makes and imports a certificate; its ARN. */
export async function create(properties: CertificateProperties, ports: Ports): Promise<string> {
  const certificate = await createSelfSigned(properties, ports.clock.now());
  const deadline = ports.clock.now() + RIGHTS_SETTLE;
  for (;;) {
    try {
      return await ports.store.importNew(certificate, properties.tags ?? {});
    } catch (error) {
      if (!named(error, 'AccessDeniedException') || ports.clock.now() >= deadline) throw error;
      await ports.clock.sleep(5000);
    }
  }
}

/** Replaces the certificate under its ARN, so listeners need no change; a new ARN when somebody deleted the old one. */
export async function renew(arn: string, properties: CertificateProperties, ports: Ports): Promise<string> {
  const certificate = await createSelfSigned(properties, ports.clock.now());
  if (await ports.store.replace(arn, certificate)) return arn;
  ports.log('the certificate was gone; importing a new one', { certificateArn: arn });
  return create(properties, ports);
}

/** Replaces the certificate when it ends soon. */
export async function renewWhenDue(arn: string, properties: CertificateProperties, ports: Ports): Promise<boolean> {
  const expiry = await ports.store.expiry(arn);
  // Without a certificate there is nothing to renew: a new one would get another ARN, which no listener knows.
  if (expiry === undefined) throw new Error(`certificate ${arn} does not exist; deploy the stack again`);
  if (expiry - ports.clock.now() > RENEW_BEFORE_DAYS * DAY) return false;
  if (!(await ports.store.replace(arn, await createSelfSigned(properties, ports.clock.now())))) {
    throw new Error(`certificate ${arn} does not exist; deploy the stack again`);
  }
  return true;
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
