import type { CertificateProperties } from '../../contract/certificate-properties';
import { create, type Ports, remove, renew } from './lifecycle';

/** What CloudFormation sends for a custom resource, as far as we read it. */
export interface CustomResourceEvent {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly ResponseURL: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceProperties: CertificateProperties;
  readonly OldResourceProperties?: CertificateProperties;
}

/** Physical id of a resource whose creation failed: no certificate belongs to it. */
const NOTHING = 'nothing';
const RESPONSE_TIMEOUT = 10_000;
const RESPONSE_TRIES = 3;

/** Carries the request out and tells CloudFormation how it went. */
export async function handleCustomResource(event: CustomResourceEvent, ports: Ports): Promise<void> {
  let physicalId = event.PhysicalResourceId ?? NOTHING;
  let failure: string | undefined;
  try {
    physicalId = await carryOut(event, physicalId, ports);
  } catch (error) {
    // Errors of ACM name the operation and what was wrong with it, never the key.
    failure = error instanceof Error ? `${error.name}: ${error.message}` : 'unknown error';
    ports.log('failed', { requestType: event.RequestType, error: failure });
  }
  await respond(event, physicalId, failure, ports);
}

async function carryOut(event: CustomResourceEvent, physicalId: string, ports: Ports): Promise<string> {
  const properties = event.ResourceProperties;
  switch (event.RequestType) {
    case 'Create':
      return create(properties, ports);
    case 'Update':
      return sameCertificate(properties, event.OldResourceProperties)
        ? physicalId
        : renew(physicalId, properties, ports);
    case 'Delete':
      if (physicalId !== NOTHING) await remove(physicalId, ports);
      return physicalId;
  }
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

async function respond(
  event: CustomResourceEvent,
  physicalId: string,
  failure: string | undefined,
  ports: Ports,
): Promise<void> {
  const body = Buffer.from(
    JSON.stringify({
      Status: failure === undefined ? 'SUCCESS' : 'FAILED',
      Reason: failure ?? 'see the log of the function',
      PhysicalResourceId: physicalId,
      StackId: event.StackId,
      RequestId: event.RequestId,
      LogicalResourceId: event.LogicalResourceId,
    }),
  );
  for (let left = RESPONSE_TRIES; ; ) {
    try {
      // Bytes, not text: the URL is signed for a request without a content type.
      const answer = await fetch(event.ResponseURL, {
        method: 'PUT',
        body,
        signal: AbortSignal.timeout(RESPONSE_TIMEOUT),
      });
      await answer.arrayBuffer();
      if (answer.ok) return;
      throw new Error(`CloudFormation's response address answered ${answer.status}`);
    } catch (error) {
      left -= 1;
      if (left === 0) throw error;
      await ports.clock.sleep(1000);
    }
  }
}
