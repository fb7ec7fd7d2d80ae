/** The entry point of the Lambda function. */

import { systemClock } from './clock';
import { readConfig } from './config';
import { dynamoDbClient } from './dynamodb-client';
import { dynamoDbKeyStore } from './dynamodb-key-store';
import { createHandler } from './handler';

const config = readConfig(process.env);

export const handler = createHandler(config, {
  keys: dynamoDbKeyStore(dynamoDbClient(process.env), config.keyTable),
  clock: systemClock,
  // Not console.log: the runtime would put its own words around the JSON.
  log: (entry) => process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), ...entry })}\n`),
});
