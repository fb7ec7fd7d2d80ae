/** Where the authorizer function is invoked. */

import { GATE_ENV } from '../../contract/names';
import { encodeSegment } from './sigv4';

export interface LambdaTarget {
  readonly region: string;
  readonly partition: string;
  /** Twelve digits; those of nobody when only a name is known. */
  readonly account: string;
  /** `https://host[:port]` */
  readonly origin: string;
  /** Host with the port, when that is not the scheme's own. */
  readonly host: string;
  /** Path and query apart, as they are signed. */
  readonly path: string;
  readonly query: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const ARN =
  /^arn:(aws[a-z-]*):lambda:([a-z0-9-]+):(\d{12}):function:([A-Za-z0-9_-]{1,64})(?::([A-Za-z0-9_$-]{1,128}))?$/;
const NAME = /^([A-Za-z0-9_-]{1,64})(?::([A-Za-z0-9_$-]{1,128}))?$/;

/** @throws Error naming what is missing or malformed and what is allowed. */
export function lambdaTarget(env: Environment): LambdaTarget {
  const authorizer = env[GATE_ENV.authorizer] ?? '';
  const arn = ARN.exec(authorizer);
  const name = arn === null ? NAME.exec(authorizer) : null;
  if (arn === null && name === null) {
    throw new Error(`${GATE_ENV.authorizer} must be the name or ARN of a Lambda function, got "${authorizer}"`);
  }
  const region = arn?.[2] ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION;
  if (region === undefined || !/^[a-z0-9-]+$/.test(region)) {
    throw new Error(`AWS_REGION must be set when ${GATE_ENV.authorizer} is no ARN`);
  }
  const partition =
    arn?.[1] ?? (region.startsWith('cn-') ? 'aws-cn' : region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws');
  const [functionName, qualifier] = arn === null ? [name?.[1] ?? '', name?.[2]] : [arn[4] ?? '', arn[5]];
  const suffix = partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com';
  const endpoint = firstOf(env.AWS_ENDPOINT_URL_LAMBDA, env.AWS_ENDPOINT_URL) ?? `https://lambda.${region}.${suffix}`;
  const url = /^(https?):\/\/([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?(\/[A-Za-z0-9._~/-]*)?$/.exec(endpoint);
  if (url === null) {
    throw new Error(`AWS_ENDPOINT_URL must look like https://host:port, got "${endpoint}"`);
  }
  const [, scheme, given, port = '', base = ''] = url;
  // nginx's resolver asks DNS only, and DNS does not know this name.
  const hostname = given === 'localhost' ? '127.0.0.1' : (given ?? '');
  const standard = port === '' || (scheme === 'https' ? port === ':443' : port === ':80');
  return {
    region,
    partition,
    account: arn?.[3] ?? '000000000000',
    origin: `${scheme}://${hostname}${port}`,
    host: standard ? hostname : hostname + port,
    path: `${base.replace(/\/$/, '')}/2015-03-31/functions/${encodeSegment(functionName)}/invocations`,
    query: qualifier === undefined ? '' : `Qualifier=${encodeSegment(qualifier)}`,
  };
}

function firstOf(...values: readonly (string | undefined)[]): string | undefined {
  return values.find((value) => value !== undefined && value !== '');
}
