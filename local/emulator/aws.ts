import { randomBytes } from 'node:crypto';
import type { LocalAws } from '../contracts.js';

const ACCOUNT = '000000000000';
const REGION = 'us-east-1';

/** How SDK clients, the CDK toolkit and child processes reach the emulated AWS on `port`, with credentials of this call alone. */
export function localAws(port: number): LocalAws {
  // An address and not a name: the SDK's S3 client then puts the bucket into the path.
  const endpoint = `http://127.0.0.1:${port}`;
  return {
    endpoint,
    region: REGION,
    accountId: ACCOUNT,
    env: {
      AWS_ENDPOINT_URL: endpoint,
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_REGION: REGION,
      AWS_DEFAULT_REGION: REGION,
      // Without the first nobody is served (guard.py). Both open nothing elsewhere.
      AWS_ACCESS_KEY_ID: `AKIA${base32(16)}`,
      AWS_SECRET_ACCESS_KEY: randomBytes(30).toString('base64'),
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      CDK_DEFAULT_ACCOUNT: ACCOUNT,
      CDK_DEFAULT_REGION: REGION,
    },
  };
}

/**
 * `env` without anything that could lead to a real account (profiles, keys, tokens, roles, other endpoints), and with
 * what leads to the emulated one, past any proxy.
 */
export function withLocalAws(aws: LocalAws, env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => !/^(AWS|CDK)_/.test(name));
  const direct = [env.NO_PROXY ?? env.no_proxy, '127.0.0.1,localhost'].filter(Boolean).join(',');
  return {
    ...Object.fromEntries(kept),
    ...aws.env,
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    NO_PROXY: direct,
    no_proxy: direct,
  };
}

/** Points this very process at the emulated AWS, as the CDK toolkit reads it: no later call of it can reach a real account. */
export function useLocalAws(aws: LocalAws): void {
  const wanted = withLocalAws(aws);
  for (const name of Object.keys(process.env)) if (!(name in wanted)) delete process.env[name];
  Object.assign(process.env, wanted);
}

/** Random characters as AWS's access key ids have them. */
function base32(length: number): string {
  return Array.from(randomBytes(length), (byte) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[byte % 32]).join('');
}

/** A header that names the access key, for the few requests that no SDK makes: the emulator checks no signature. */
export function namingKey(aws: LocalAws, service: string): { readonly authorization: string } {
  const credential = `${aws.env.AWS_ACCESS_KEY_ID}/20260101/${aws.region}/${service}/aws4_request`;
  return { authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=0` };
}
