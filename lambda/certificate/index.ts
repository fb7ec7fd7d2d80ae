import { ACMClient } from '@aws-sdk/client-acm';
import { AcmCertificateStore } from './certificate-store';
import { systemClock } from './clock';
import { createHandler } from './handler';

const client = new ACMClient({
  maxAttempts: 5,
  requestHandler: { connectionTimeout: 3000, requestTimeout: 10_000, throwOnRequestTimeout: true },
});

export const handler = createHandler({
  store: new AcmCertificateStore(client),
  clock: systemClock,
  log: (message, fields) => console.log(JSON.stringify({ message, ...fields })),
});
