/** From the options to an AWS: whose, which region, which stack. */

import type { Stack } from '@aws-sdk/client-cloudformation';
import { readRunningState } from '../local/running';
import { CommandError, NotFoundError, UsageError } from './command-error';

export interface TargetOptions {
  readonly stack?: string;
  readonly table?: string;
  readonly local?: boolean;
  readonly stateDir?: string;
  readonly profile?: string;
  readonly region?: string;
}

/** What every SDK client is made with. */
export interface ClientConfig {
  readonly endpoint?: string;
  readonly region?: string;
  readonly profile?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly maxAttempts: number;
  readonly requestHandler: { readonly connectionTimeout: number; readonly requestTimeout: number };
}

const DEFAULT_STATE_DIRECTORY = '.voicegate';

/** @throws UsageError or NotFoundError when the options name no AWS. */
export function resolveTarget(
  options: TargetOptions,
  env: NodeJS.ProcessEnv,
): { config: ClientConfig; stack?: string } {
  // The SDK would print a paragraph about the Node version on every call.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  return options.local ? localTarget(options) : awsTarget(options, env);
}

/**
 * Whose AWS and which region, where no stack is meant.
 * @throws UsageError or NotFoundError when the options name no AWS.
 */
export function resolveAccount(options: TargetOptions, env: NodeJS.ProcessEnv): ClientConfig {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  return options.local ? localTarget(options).config : accountConfig(options, env);
}

const TIMING = { maxAttempts: 3, requestHandler: { connectionTimeout: 3000, requestTimeout: 10_000 } } as const;

function awsTarget(options: TargetOptions, env: NodeJS.ProcessEnv): { config: ClientConfig; stack?: string } {
  if (options.stack !== undefined && options.table !== undefined) {
    throw new UsageError('--stack and --table exclude each other: a stack names its own table');
  }
  if (options.stack === undefined && options.table === undefined) {
    throw new UsageError(
      'which keys? Give --stack NAME (a deployed stack), --table NAME, or --local (the running local cloud)',
    );
  }
  return {
    config: accountConfig(options, env),
    ...(options.stack !== undefined && { stack: options.stack }),
  };
}

function accountConfig(options: TargetOptions, env: NodeJS.ProcessEnv): ClientConfig {
  if (options.stateDir !== undefined) throw new UsageError('--state-dir belongs to --local');
  // The SDK itself does not read the second variable, which the AWS CLI and many machines use.
  const region = options.region ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION;
  return {
    ...TIMING,
    ...(region && { region }),
    ...(options.profile !== undefined && { profile: options.profile }),
  };
}

function localTarget(options: TargetOptions): { config: ClientConfig; stack: string } {
  for (const name of ['profile', 'region'] as const) {
    if (options[name] !== undefined) {
      throw new UsageError(`--local and --${name} exclude each other: the local cloud needs no AWS account`);
    }
  }
  const directory = options.stateDir ?? DEFAULT_STATE_DIRECTORY;
  const state = readRunningState(directory);
  if (state === undefined) {
    throw new NotFoundError(
      `no local cloud runs with the state folder ${directory}; start one with \`npm start\`, or name its folder with --state-dir`,
    );
  }
  return {
    config: {
      ...TIMING,
      endpoint: state.endpoint,
      region: state.region,
      credentials: { accessKeyId: state.accessKeyId, secretAccessKey: state.secretAccessKey },
    },
    stack: options.stack ?? state.stack,
  };
}

export async function describeStack(config: ClientConfig, stackName: string | undefined): Promise<Stack> {
  const { CloudFormationClient, DescribeStacksCommand } = await import('@aws-sdk/client-cloudformation');
  const client = new CloudFormationClient(config);
  try {
    const { Stacks: stacks } = await client.send(new DescribeStacksCommand({ StackName: stackName }));
    const stack = stacks?.[0];
    if (stack === undefined) throw new NotFoundError(`there is no stack ${stackName}`);
    return stack;
  } catch (error) {
    if (error instanceof Error && error.name === 'ValidationError' && error.message.includes('does not exist')) {
      const region = await client.config.region();
      throw new NotFoundError(
        `there is no stack ${stackName} in region ${region}; name another by --stack or --region`,
      );
    }
    throw error;
  } finally {
    client.destroy();
  }
}

/** Outputs of that name, or of a construct's that CDK has put its own names before and a hash behind. */
export function outputsNamed(stack: Stack, name: string): readonly { readonly key: string; readonly value: string }[] {
  const pattern = new RegExp(`${name}[0-9A-F]{0,8}$`);
  return (stack.Outputs ?? []).flatMap(({ OutputKey: key, OutputValue: value }) =>
    key !== undefined && value !== undefined && pattern.test(key) ? [{ key, value }] : [],
  );
}

/** What an AWS error means for the person at the terminal. */
export function explainAwsError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof CommandError) return error;
  if ('code' in error && error.code === 'ENOSPC') {
    return new CommandError(`the disk is full: ${error.message}; free some space and run it again`);
  }
  switch (error.name) {
    case 'ResourceNotFoundException':
      return new NotFoundError(
        'the key table does not exist in this account and region; check --table, --profile and --region',
      );
    case 'CredentialsProviderError':
      return new CommandError(`no AWS credentials: ${error.message}; sign in as for the AWS CLI, or name a --profile`);
    case 'AccessDenied':
    case 'AccessDeniedException':
      return new CommandError(`AWS refused: ${error.message}`);
    case 'TimeoutError':
      return new CommandError('AWS did not answer in time; check the network and --region, then run the command again');
    default:
      if (error.message === 'Region is missing') {
        return new UsageError('no AWS region: give --region, or set AWS_REGION, or a region in the profile');
      }
      return new CommandError(
        `${error.name}: ${error.message || ('code' in error ? String(error.code) : 'no details')}`,
      );
  }
}
