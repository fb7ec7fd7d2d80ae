/** The invocation of the authorizer, and the environment that tells where it is. */

// biome-ignore lint/style/useNodejsImportProtocol: njs's own module, which only looks like Node's
import crypto from 'crypto';
// biome-ignore lint/style/useNodejsImportProtocol: njs's own module, which only looks like Node's
import fs from 'fs';
import { type Hashing, signRequest } from '../../contract/sigv4';
import type { InvokeResponse } from '../core/decision/authorizer-answer';
import { awsCredentials, forgetCredentials } from '../core/decision/aws-credentials';
import { type Authorizer, type Environment, invokeAddress, readAuthorizer } from '../core/decision/lambda-endpoint';
import { Memo } from '../core/shared/memo';
import { INVOKE_LOCATION, LAMBDA_UPSTREAM } from '../locations';
import { now, state } from './zones';

const hashing: Hashing = {
  sha256Hex: (value) => crypto.createHash('sha256').update(value).digest('hex'),
  hmacSha256: (key, value) => crypto.createHmac('sha256', key).update(value).digest(),
  hmacSha256Hex: (key, value) => crypto.createHmac('sha256', key).update(value).digest('hex'),
};

/**
 * Invokes the authorizer through nginx's own client, by way of a location that nothing else reaches: it keeps connections
 * only once their certificate is verified, which njs's fetch does not (see render-nginx.ts).
 */
export async function invoke(r: NginxHTTPRequest, event: string): Promise<InvokeResponse> {
  const env = environment();
  const v = r.variables;
  const { scheme, hostname, host, path, query } = addresses.get(v.gate_lambda_endpoint ?? '');
  const credentials = await awsCredentials({
    env,
    state,
    now,
    get: async (url, headers) => {
      const response = await ngx.fetch(url, { headers });
      return { status: response.status, text: await response.text() };
    },
    readFile: (file) => fs.readFileSync(file, 'utf8'),
  });
  const request = { method: 'POST', host, path, query, headers: { 'content-type': 'application/json' }, body: event };
  const scope = { region: authorizer().region, service: 'lambda' };
  const { 'x-amz-date': date, ...headers } = signRequest(request, credentials, scope, new Date(now()), hashing);
  v.gate_invoke = `${scheme}://${LAMBDA_UPSTREAM}${path}${query === '' ? '' : `?${query}`}`;
  v.gate_invoke_host = host;
  v.gate_invoke_name = hostname;
  v.gate_invoke_headers =
    date +
    Object.entries(headers)
      .map(([name, value]) => `\r\n${name}: ${value}`)
      .join('');
  v.gate_invoke_body = event;
  const reply = await r.subrequest(INVOKE_LOCATION, { method: 'POST' });
  if (reply.status === 403) forgetCredentials(state);
  return {
    status: reply.status,
    functionError: reply.headersOut['X-Amz-Function-Error'] as string | undefined,
    payload: reply.responseText ?? '',
  };
}

let knownEnvironment: Environment | undefined;
let knownAuthorizer: Authorizer | undefined;
const addresses = new Memo((endpoint) => invokeAddress(authorizer(), endpoint), 512);

/** njs copies the environment, which is the same for the life of a worker, each time that it is asked for it. */
function environment(): Environment {
  knownEnvironment ??= (process as unknown as { readonly env: Environment }).env;
  return knownEnvironment;
}

export function authorizer(): Authorizer {
  knownAuthorizer ??= readAuthorizer(environment());
  return knownAuthorizer;
}
