/** Where the authorizer function is invoked. */

import { GATE_ENV } from '../../../contract/names';
import { encodeSegment } from '../../../contract/sigv4';

/** What the function's name tells. */
export interface Authorizer {
  readonly region: string;
  readonly partition: string;
  /** Twelve digits; those of nobody when only a name is known. */
  readonly account: string;
  readonly functionName: string;
  readonly qualifier?: string;
}

/** One address of Lambda's Invoke. */
export interface InvokeAddress {
  readonly scheme: 'http' | 'https';
  /** Without port: what the certificate must be for. */
  readonly hostname: string;
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
export function readAuthorizer(env: Environment): Authorizer {
  const given = env[GATE_ENV.authorizer] ?? '';
  const arn = ARN.exec(given);
  if (arn !== null) {
    const [, partition = '', region = '', account = '', functionName = '', qualifier] = arn;
    return { region, partition, account, functionName, ...(qualifier === undefined ? {} : { qualifier }) };
  }
  const name = NAME.exec(given);
  if (name === null) {
    throw new Error(`${GATE_ENV.authorizer} must be the name or ARN of a Lambda function, got "${given}"`);
  }
  const region = env.AWS_REGION || env.AWS_DEFAULT_REGION || '';
  if (!/^[a-z0-9-]+$/.test(region)) {
    throw new Error(`AWS_REGION must be set when ${GATE_ENV.authorizer} is no ARN`);
  }
  const partition = region.startsWith('cn-') ? 'aws-cn' : region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
  const [, functionName = '', qualifier] = name;
  return {
    region,
    partition,
    account: '000000000000',
    functionName,
    ...(qualifier === undefined ? {} : { qualifier }),
  };
}

/** @throws Error when the endpoint is no URL of the kind that the entry script writes. */
export function invokeAddress(authorizer: Authorizer, endpoint: string): InvokeAddress {
  const url = /^(https?):\/\/([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?(\/[A-Za-z0-9._~/-]*)?$/.exec(endpoint);
  if (url === null) throw new Error('the endpoint of Lambda must look like https://host:port');
  const [, given, hostname = '', port = '', base = ''] = url;
  const scheme = given === 'http' ? 'http' : 'https';
  const standard = port === '' || port === (scheme === 'https' ? ':443' : ':80');
  const { functionName, qualifier } = authorizer;
  return {
    scheme,
    hostname,
    host: standard ? hostname : hostname + port,
    path: `${base.replace(/\/$/, '')}/2015-03-31/functions/${encodeSegment(functionName)}/invocations`,
    query: qualifier === undefined ? '' : `Qualifier=${encodeSegment(qualifier)}`,
  };
}
