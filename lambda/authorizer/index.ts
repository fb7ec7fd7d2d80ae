/** The entry point of the Lambda function. */

import { systemClock } from './clock';
import { readConfig } from './config';
import { dynamoDbClient } from './dynamodb-client';
import { dynamoDbKeyStore } from './dynamodb-key-store';
import { dynamoDbQuotaStore } from './dynamodb-quota-store';
import { createHandler } from './handler';
import type { TokenVerifier } from './token-verifier';

const config = readConfig(process.env);

// Not console.log: the runtime would put its own words around the JSON.
const log = (entry: object) =>
  process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), ...entry })}\n`);

const calls = {
  read: dynamoDbClient(process.env),
  note: dynamoDbClient(process.env, { attempt: 300, total: 300 }),
};

let verifier: Promise<TokenVerifier> | undefined;
/** Loaded with the first token, not with the function: see token-verifier.ts. */
const verifyToken: TokenVerifier = async (token) => {
  verifier ??= import('./token-verifier').then(({ tokenVerifier }) => tokenVerifier(config.tokenIssuers, systemClock));
  return (await verifier)(token);
};

export const handler = createHandler(config, {
  keys: dynamoDbKeyStore(calls, config.keyTable, (reason) =>
    log({ level: 'error', message: 'last use not noted', reason }),
  ),
  quotas: dynamoDbQuotaStore(calls.read, config.keyTable),
  clock: systemClock,
  ...(config.tokenIssuers.length > 0 && { verifyToken }),
  log,
});
