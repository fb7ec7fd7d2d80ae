/** The core's ports, made of what njs offers. Nothing here may change: njs reuses a context for the next request. */

// biome-ignore lint/style/useNodejsImportProtocol: njs's own module, which only looks like Node's
import crypto from 'crypto';
// biome-ignore lint/style/useNodejsImportProtocol: njs's own module, which only looks like Node's
import fs from 'fs';
import type { InvokeResponse } from '../core/answer';
import { awsCredentials, forgetCredentials } from '../core/aws-credentials';
import type { CountingDict, Dict } from '../core/dict';
import type { GatePorts } from '../core/gate';
import { type Environment, lambdaTarget } from '../core/lambda-endpoint';
import type { Settings } from '../core/settings';
import { type Hashing, signRequest } from '../core/sigv4';

/** Set before the program's own text when the bundle is packed. */
declare const GATE_SETTINGS: Settings;
export const settings: Settings = GATE_SETTINGS;

interface Listing {
  keys(max?: number): string[];
  size(): number;
  pop(key: string): number | undefined;
}

const shared = ngx.shared as unknown as Readonly<Record<string, CountingDict & Listing>>;
const text = ngx.shared as unknown as Readonly<Record<string, Dict<string>>>;

/** The zones that nginx.conf declares. Read anew each time: njs makes them when they are asked for. */
export const zones = {
  get places() {
    return zone('places');
  },
  get flights() {
    return zone('flights');
  },
  get metrics() {
    return zone('metrics');
  },
};
export const state: Dict<string> = textZone('state');

export function now(): number {
  return Date.now();
}

export function count(metric: string, by = 1): void {
  zone('metrics').incr(metric, by, 0);
}

export function gatePorts(r: NginxHTTPRequest): GatePorts {
  return {
    settings,
    allow: textZone('allow'),
    deny: textZone('deny'),
    flights: zone('flights'),
    limits: zone('limits'),
    places: zone('places'),
    now,
    sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    digest: (value) => crypto.createHash('sha256').update(value).digest('base64url'),
    lambda: () => lambdaTarget(environment()),
    invoke,
    count,
    warn: (message) => r.warn(`voicegate: ${message}`),
  };
}

const hashing: Hashing = {
  sha256Hex: (value) => crypto.createHash('sha256').update(value).digest('hex'),
  hmacSha256: (key, value) => crypto.createHmac('sha256', key).update(value).digest(),
};

/** Invokes the authorizer. */
async function invoke(event: string): Promise<InvokeResponse> {
  const env = environment();
  const target = lambdaTarget(env);
  const credentials = await awsCredentials({
    env,
    state,
    now,
    get: async (url, headers) => {
      const response = await ngx.fetch(url, { headers });
      return { status: response.status, text: await response.text() };
    },
    readFile: (path) => fs.readFileSync(path, 'utf8'),
  });
  const { host, path, query, region } = target;
  const request = {
    method: 'POST',
    host,
    path,
    query,
    headers: { 'content-type': 'application/json' },
    body: event,
  };
  const headers = signRequest(request, credentials, { region, service: 'lambda' }, new Date(now()), hashing);
  const response = await ngx.fetch(`${target.origin}${path}${query === '' ? '' : `?${query}`}`, {
    method: 'POST',
    headers,
    body: event,
  });
  if (response.status === 403) forgetCredentials(state);
  return {
    status: response.status,
    functionError: response.headers.get('X-Amz-Function-Error') ?? undefined,
    payload: await response.text(),
  };
}

function environment(): Environment {
  return (process as unknown as { readonly env: Environment }).env;
}

function zone(name: string): CountingDict & Listing {
  const found = shared[name];
  if (found === undefined) throw new Error(`shared zone ${name} is missing`);
  return found;
}

function textZone(name: string): Dict<string> {
  const found = text[name];
  if (found === undefined) throw new Error(`shared zone ${name} is missing`);
  return found;
}
