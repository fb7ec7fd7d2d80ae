import { Resolver } from 'node:dns/promises';
import { ACMClient } from '@aws-sdk/client-acm';
import { SecretsManager } from '@aws-sdk/client-secrets-manager';
import { ORDER_ENV, type OrderSettings } from '../../contract/acme';
import { SecretsManagerStore } from '../certificate/account-key';
import { AcmCertificateStore } from '../certificate/certificate-store';
import { systemClock } from '../certificate/clock';
import { metricLine } from '../certificate/metric-line';
import { createHandler } from './handler';

const client = {
  maxAttempts: 5,
  requestHandler: { connectionTimeout: 3000, requestTimeout: 10_000, throwOnRequestTimeout: true },
};
// Written by the construct that deploys this function.
const settings = JSON.parse(process.env[ORDER_ENV.settings] ?? '{}') as OrderSettings;

export const handler = createHandler(settings, {
  store: new AcmCertificateStore(new ACMClient(client)),
  secrets: new SecretsManagerStore(new SecretsManager(client)),
  network: { resolver: new Resolver({ timeout: 3000, tries: 2 }), httpPort: 80 },
  clock: systemClock,
  log: (message, fields) => console.log(JSON.stringify({ message, ...fields })),
  count: (arn, metric, value) => console.log(metricLine(Date.now(), arn, metric, value)),
});
