import { ACCOUNT_KEY_RESOURCE, type AccountKeyProperties } from '../../contract/acme';
import type { CertificateProperties } from '../../contract/certificate-properties';
import { ensureAccountKey } from './account-key';
import { type CustomResourceEvent, type Outcome, respond } from './cloudformation-response';
import { create, type Ports, remove, replaceUnlessIssued } from './lifecycle';

export type CertificateEvent = CustomResourceEvent<CertificateProperties>;
export type AccountKeyEvent = CustomResourceEvent<AccountKeyProperties>;

/** Physical id of a resource whose creation failed: no certificate belongs to it. */
const NOTHING = 'nothing';

/** Carries the request out and tells CloudFormation how it went. */
export async function handleCustomResource(event: CertificateEvent | AccountKeyEvent, ports: Ports): Promise<void> {
  let outcome: Outcome;
  try {
    outcome = isAccountKey(event) ? await accountKey(event, ports) : { physicalId: await certificate(event, ports) };
  } catch (error) {
    // Errors of AWS name the operation and what was wrong with it, never the key.
    const failure = error instanceof Error ? `${error.name}: ${error.message}` : 'unknown error';
    outcome = { physicalId: event.PhysicalResourceId ?? NOTHING, failure };
    ports.log('failed', { requestType: event.RequestType, error: failure });
  }
  await respond(event, outcome, ports.clock);
}

function isAccountKey(event: CertificateEvent | AccountKeyEvent): event is AccountKeyEvent {
  return event.ResourceType === ACCOUNT_KEY_RESOURCE;
}

async function certificate(event: CertificateEvent, ports: Ports): Promise<string> {
  const properties = event.ResourceProperties;
  const physicalId = event.PhysicalResourceId ?? NOTHING;
  switch (event.RequestType) {
    case 'Create':
      return create(properties, ports);
    case 'Update':
      return sameCertificate(properties, event.OldResourceProperties)
        ? physicalId
        : replaceUnlessIssued(physicalId, properties, ports);
    case 'Delete':
      if (physicalId !== NOTHING) await remove(physicalId, ports);
      return physicalId;
  }
}

async function accountKey(event: AccountKeyEvent, ports: Ports): Promise<Outcome> {
  const { accountKeySecretArn } = event.ResourceProperties;
  // The secret goes with the stack; there is nothing else to delete.
  if (event.RequestType === 'Delete') return { physicalId: event.PhysicalResourceId ?? NOTHING };
  const thumbprint = await ensureAccountKey(accountKeySecretArn, event.RequestId, ports);
  return {
    physicalId: accountKeySecretArn,
    data: { Thumbprint: thumbprint, Since: String(ports.clock.now()) },
  };
}

/** Whether both describe one and the same certificate; tags are given when it is imported and stay. */
function sameCertificate(a: CertificateProperties, b: CertificateProperties | undefined): boolean {
  return (
    b !== undefined &&
    a.commonName === b.commonName &&
    a.validityDays === b.validityDays &&
    JSON.stringify(a.domainNames) === JSON.stringify(b.domainNames)
  );
}
