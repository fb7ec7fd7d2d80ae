import type { Duration } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { createLogGroup, type LogOptions } from './log-options';
import { bundlePath } from './package-root';

export interface BundledFunctionOptions extends LogOptions {
  /** Name of the bundle under `dist/lambda/`. */
  readonly bundle: string;
  readonly description: string;
  readonly timeout: Duration;
  readonly memorySize: number;
  readonly architecture?: lambda.Architecture;
  readonly environment?: { [key: string]: string };
  readonly reservedConcurrentExecutions?: number;
  readonly retryAttempts?: number;
}

/** A function of this package, with a log group and a role of its own: the role may write that log and nothing else. */
export function createBundledFunction(scope: Construct, options: BundledFunctionOptions): lambda.Function {
  const logGroup = createLogGroup(scope, 'Log', options);
  const role = new iam.Role(scope, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
  logGroup.grantWrite(role);
  return new lambda.Function(scope, 'Function', {
    description: options.description,
    code: lambda.Code.fromAsset(bundlePath(`lambda/${options.bundle}`)),
    handler: 'index.handler',
    // Named as a string: older aws-cdk-lib versions have no constant for it.
    runtime: new lambda.Runtime('nodejs24.x', lambda.RuntimeFamily.NODEJS),
    architecture: options.architecture ?? lambda.Architecture.ARM_64,
    memorySize: options.memorySize,
    timeout: options.timeout,
    environment: options.environment,
    reservedConcurrentExecutions: options.reservedConcurrentExecutions,
    retryAttempts: options.retryAttempts,
    role,
    logGroup,
  });
}
