import { Annotations, Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** What to set where the app itself is run, for warnings of the library whose remedy has a key. */
const REMEDIES: Readonly<Record<string, string>> = {
  'voicegate:selfSigned':
    '-c letsEncryptEmail=… -c domainNames=…, or -c certificateArn=…, or -c hostedZoneId=… -c hostedZoneName=… -c domainNames=…',
  'voicegate:textInAccessLogs': '-c accessLogs=false',
  'voicegate:outerNet': '-c firewallRequests=…',
  'voicegate:longestRequest': '-c longestRequest=…, at most 120',
};

/** Warnings of the library that are raised while its constructs are made, told once more with the key that ends them. */
export function nameKeysInWarnings(of: IConstruct): void {
  for (const construct of of.node.findAll()) {
    for (const { type, data } of construct.node.metadata) {
      const [, message, id] =
        /^(.*) \[ack: (voicegate:\w+)\]$/s.exec(type === 'aws:cdk:warning' ? String(data) : '') ?? [];
      const remedy = id === undefined ? undefined : REMEDIES[id];
      if (message === undefined || id === undefined || remedy === undefined) continue;
      Annotations.of(construct).acknowledgeWarning(id);
      Annotations.of(Stack.of(construct)).addWarningV2(id, `${message} Here: ${remedy}.`);
    }
  }
}
