import type { RenewalEvent } from '../../contract/certificate-properties';
import { type AccountKeyEvent, type CertificateEvent, handleCustomResource } from './custom-resource';
import { type Ports, renewWhenDue } from './lifecycle';

/**
 * The function that makes what a certificate begins with: custom resource of CloudFormation for a self-signed
 * certificate and for the key of an account at an authority, and target of a daily schedule.
 */
export function createHandler(
  ports: Ports,
): (event: CertificateEvent | AccountKeyEvent | RenewalEvent) => Promise<void> {
  return async (event) => {
    if ('renew' in event) {
      const { certificateArn, properties } = event.renew;
      ports.log(await renewWhenDue(certificateArn, properties, ports), { certificateArn });
      return;
    }
    await handleCustomResource(event, ports);
  };
}
