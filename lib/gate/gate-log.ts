import { CfnOutput } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { OUTPUTS } from '../../contract/names';
import { createLogGroup, type LogOptions } from '../shared/log-options';

/** Where a gate writes, and how a container gets there. */
export interface GateLog {
  readonly logGroup: logs.LogGroup;
  readonly logging: ecs.LogDriver;
}

/** A log group that holds the gate's access log, named in an output so that `voicegate usage` finds it. */
export function createGateLog(
  scope: Construct,
  of: { description: string; streamPrefix: string } & LogOptions,
): GateLog {
  const { description, streamPrefix } = of;
  const logGroup = createLogGroup(scope, 'Log', { ...of, defaultRetention: logs.RetentionDays.ONE_YEAR });
  new CfnOutput(scope, OUTPUTS.gateLogGroupName, { description, value: logGroup.logGroupName });
  const logging = ecs.LogDrivers.awsLogs({ logGroup, streamPrefix, mode: ecs.AwsLogDriverMode.NON_BLOCKING });
  return { logGroup, logging };
}
