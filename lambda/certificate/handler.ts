import type { RenewalEvent } from '../../contract/certificate-properties';
import { type CustomResourceEvent, handleCustomResource } from './custom-resource';
import { type Ports, renewWhenDue } from './lifecycle';

/** The function behind a self-signed certificate: custom resource of CloudFormation, and target of a daily schedule. */
export function createHandler(ports: Ports): (event: CustomResourceEvent | RenewalEvent) => Promise<void> {
  return async (event) => {
    if ('renew' in event) {
      const { certificateArn, properties } = event.renew;
      const renewed = await renewWhenDue(certificateArn, properties, ports);
      ports.log(renewed ? 'renewed' : 'not yet due', { certificateArn });
      return;
    }
    await handleCustomResource(event, ports);
  };
}
