/** From the options to the table of keys. */

import { OUTPUTS } from '../../contract/names';
import { type ClientConfig, describeStack, outputsNamed, resolveTarget, type TargetOptions } from '../aws-target';
import { NotFoundError, UsageError } from '../command-error';
import { dynamoDbKeyTable, type KeyTable } from './key-table';

export interface Target {
  readonly table: KeyTable;
  /** The table's name and region, by which a report knows it again. */
  readonly name: string;
  /** Prefix that the deployed gate and authorizer expect, when the stack says so. */
  readonly keyPrefix?: string;
}

export async function openKeyTable(
  options: TargetOptions,
  env: NodeJS.ProcessEnv,
  clock: () => number,
): Promise<Target> {
  const { config, stack } = resolveTarget(options, env);
  const found = options.table === undefined ? await findTable(config, stack) : { table: options.table };
  const { DynamoDBClient } = await import('@aws-sdk/client-dynamodb');
  const client = new DynamoDBClient(config);
  return {
    table: await dynamoDbKeyTable(client, found.table, clock, callerOf(config)),
    name: `${found.table} in ${await client.config.region()}`,
    ...('keyPrefix' in found && { keyPrefix: found.keyPrefix }),
  };
}

/** Asked for once, at the first change. Whoever may change keys need not be allowed to ask who they are. */
function callerOf(config: ClientConfig): () => Promise<string> {
  let caller: Promise<string> | undefined;
  const ask = async () => {
    const { STSClient, GetCallerIdentityCommand } = await import('@aws-sdk/client-sts');
    const { Arn: arn } = await new STSClient({ ...config, maxAttempts: 1 }).send(new GetCallerIdentityCommand({}));
    return arn ?? 'unknown';
  };
  return () => {
    caller ??= ask().catch(() => 'unknown');
    return caller;
  };
}

async function findTable(
  config: ClientConfig,
  stackName: string | undefined,
): Promise<{ readonly table: string; readonly keyPrefix?: string }> {
  const stack = await describeStack(config, stackName);
  const tables = outputsNamed(stack, OUTPUTS.keyTableName);
  const [table, ...others] = tables;
  if (table === undefined) {
    throw new NotFoundError(
      `stack ${stackName} has no output ${OUTPUTS.keyTableName}, so it seems to have no key table; give --table NAME instead`,
    );
  }
  if (others.length > 0) {
    const names = tables.map(({ key, value }) => `${value} (output ${key})`).join(', ');
    throw new UsageError(
      `stack ${stackName} has ${tables.length} key tables: ${names}; give --table NAME instead of --stack`,
    );
  }
  const prefixes = outputsNamed(stack, OUTPUTS.keyPrefix);
  return { table: table.value, ...(prefixes.length === 1 && { keyPrefix: prefixes[0]?.value }) };
}
