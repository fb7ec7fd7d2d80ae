import { ACMClient } from '@aws-sdk/client-acm';
import { SecretsManager } from '@aws-sdk/client-secrets-manager';
import { SecretsManagerStore } from './account-key';
import { AcmCertificateStore } from './certificate-store';
import { systemClock } from './clock';
import { createHandler } from './handler';
import { metricLine } from './metric-line';

const settings = {
  maxAttempts: 5,
  requestHandler: { connectionTimeout: 3000, requestTimeout: 10_000, throwOnRequestTimeout: true },
};

export const handler = createHandler({
  store: new AcmCertificateStore(new ACMClient(settings)),
  secrets: new SecretsManagerStore(new SecretsManager(settings)),
  clock: systemClock,
  log: (message, fields) => console.log(JSON.stringify({ message, ...fields })),
  count: (arn, metric, value) => console.log(metricLine(Date.now(), arn, metric, value)),
});
