/** The task's AWS credentials, found as the AWS SDKs find them in a container. They are kept in memory only. */

import type { AwsCredentials } from '../../../contract/sigv4';
import type { Dict } from '../shared/dict';
import type { Environment } from './lambda-endpoint';

export interface CredentialPorts {
  readonly env: Environment;
  /** Shared by the workers. */
  readonly state: Dict<string>;
  /** Milliseconds since the epoch. */
  now(): number;
  get(
    url: string,
    headers: Readonly<Record<string, string>>,
  ): Promise<{ readonly status: number; readonly text: string }>;
  readFile(path: string): string;
}

interface Expiring extends AwsCredentials {
  /** Milliseconds since the epoch; absent: never. */
  readonly expires?: number;
}

const KEY = 'credentials';
/** Milliseconds before expiry from which new ones are fetched. */
const EARLY = 300_000;
/** Where ECS answers for AWS_CONTAINER_CREDENTIALS_RELATIVE_URI. */
const ECS = 'http://169.254.170.2';
/** Plain HTTP is allowed only to addresses that never leave the machine. */
const LOCAL =
  /^http:\/\/(127\.\d+\.\d+\.\d+|localhost|\[::1\]|169\.254\.170\.2|169\.254\.170\.23|\[fd00:ec2::23\])(:\d+)?\//;

/** @throws Error saying what is missing; it never holds a part of a credential. */
export async function awsCredentials(ports: CredentialPorts): Promise<AwsCredentials> {
  const { env } = ports;
  if (env.AWS_ACCESS_KEY_ID && env.AWS_SECRET_ACCESS_KEY) {
    return {
      accessKeyId: env.AWS_ACCESS_KEY_ID,
      secretAccessKey: env.AWS_SECRET_ACCESS_KEY,
      ...(env.AWS_SESSION_TOKEN ? { sessionToken: env.AWS_SESSION_TOKEN } : {}),
    };
  }
  const text = ports.state.get(KEY);
  const kept = text === undefined ? undefined : (JSON.parse(text) as Expiring);
  const now = ports.now();
  if (kept !== undefined && (kept.expires === undefined || kept.expires - EARLY > now)) return kept;
  try {
    const fresh = await fetchCredentials(ports);
    if (fresh.expires !== undefined && fresh.expires <= now)
      throw new Error('the credentials endpoint gave expired ones');
    ports.state.set(KEY, JSON.stringify(fresh), fresh.expires === undefined ? 3_600_000 : fresh.expires - now);
    return fresh;
  } catch (error) {
    // Those at hand are good until they expire.
    if (kept?.expires !== undefined && kept.expires > now) return kept;
    throw error;
  }
}

/** AWS refused them: the next request fetches new ones. */
export function forgetCredentials(state: Dict<string>): void {
  state.delete(KEY);
}

async function fetchCredentials(ports: CredentialPorts): Promise<Expiring> {
  const { env } = ports;
  const relative = env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI;
  const url = relative ? ECS + relative : env.AWS_CONTAINER_CREDENTIALS_FULL_URI;
  if (!url) throw new Error('no AWS credentials: neither AWS_ACCESS_KEY_ID nor AWS_CONTAINER_CREDENTIALS_* is set');
  if (!url.startsWith('https://') && !LOCAL.test(url)) {
    throw new Error(
      'AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or http to a loopback or container host address',
    );
  }
  const file = env.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE;
  const token = file ? ports.readFile(file).trim() : env.AWS_CONTAINER_AUTHORIZATION_TOKEN;
  const response = await ports.get(url.replace('//localhost', '//127.0.0.1'), token ? { Authorization: token } : {});
  if (response.status !== 200) throw new Error(`the credentials endpoint answered ${response.status}`);
  const value = parse(response.text);
  if (typeof value.AccessKeyId !== 'string' || typeof value.SecretAccessKey !== 'string') {
    throw new Error('the credentials endpoint gave no credentials');
  }
  const expires = typeof value.Expiration === 'string' ? Date.parse(value.Expiration) : Number.NaN;
  return {
    accessKeyId: value.AccessKeyId,
    secretAccessKey: value.SecretAccessKey,
    ...(typeof value.Token === 'string' ? { sessionToken: value.Token } : {}),
    ...(Number.isNaN(expires) ? {} : { expires }),
  };
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
  } catch {
    // Told below, without the text: it might hold a secret.
  }
  throw new Error('the credentials endpoint answered no JSON object');
}
