/** The core's ports, made of what njs offers. Nothing here may change: njs reuses a context for the next request. */

// biome-ignore lint/style/useNodejsImportProtocol: njs's own module, which only looks like Node's
import crypto from 'crypto';
// biome-ignore lint/style/useNodejsImportProtocol: njs's own module, which only looks like Node's
import fs from 'fs';
import { type Hashing, signRequest } from '../../contract/sigv4';
import type { Held } from '../core/decision/authorize';
import type { InvokeResponse } from '../core/decision/authorizer-answer';
import { awsCredentials, forgetCredentials } from '../core/decision/aws-credentials';
import { type Authorizer, type Environment, invokeAddress, readAuthorizer } from '../core/decision/lambda-endpoint';
import type { ExpressPorts } from '../core/express';
import type { GatePorts } from '../core/gate';
import { type Facts, factsOf } from '../core/request/facts';
import type { CountingDict, Dict } from '../core/shared/dict';
import { Memo } from '../core/shared/memo';
import type { Settings } from '../core/shared/settings';
import { INVOKE_LOCATION, LAMBDA_UPSTREAM } from '../locations';

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

/** The zones that nginx.conf declares. */
export const zones = {
  places: zone('places'),
  flights: zone('flights'),
  abuse: zone('abuse'),
  metrics: zone('metrics'),
  limits: zone('limits'),
  allowances: zone('allowances'),
  allow: textZone('allow'),
  deny: textZone('deny'),
  leases: textZone('leases'),
} as const;
export const state: Dict<string> = textZone('state');

export function now(): number {
  return Date.now();
}

export function count(metric: string, by = 1): void {
  zones.metrics.incr(metric, by, 0);
}

/** What the short way needs is the same for all requests. */
export const expressPorts: ExpressPorts = { settings, facts: factsOf(settings.options), ...zones, now, digest };

function digest(text: string): string {
  return crypto.createHash('sha256').update(text).digest('base64url');
}

/** One small object a request: what it holds beside the request is shared by all. */
class RequestPorts implements GatePorts, Held {
  declare readonly settings: Settings;
  declare readonly facts: Facts;
  declare readonly allow: Dict<string>;
  declare readonly deny: Dict<string>;
  declare readonly leases: Dict<string>;
  declare readonly flights: CountingDict;
  declare readonly limits: CountingDict;
  declare readonly places: CountingDict;
  declare readonly allowances: CountingDict;
  declare readonly abuse: CountingDict;

  constructor(private readonly r: NginxHTTPRequest) {}

  now(): number {
    return Date.now();
  }

  sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, milliseconds));
  }

  digest(value: string): string {
    return digest(value);
  }

  newGateId(): string {
    return newGateId();
  }

  readBody(): Promise<Uint8Array> {
    return readBody(this.r);
  }

  authorizer(): Authorizer {
    return authorizer();
  }

  invoke(event: string): Promise<InvokeResponse> {
    return invoke(this.r, event);
  }

  count(metric: string, by = 1): void {
    count(metric, by);
  }

  warn(message: string): void {
    this.r.warn(`voicegate: ${message}`);
  }

  hold(key: string): void {
    const v = this.r.variables;
    v.gate_held = v.gate_held ? `${v.gate_held} ${key}` : key;
  }

  release(key: string): void {
    const v = this.r.variables;
    v.gate_held = (v.gate_held ?? '')
      .split(' ')
      .filter((held) => held !== key)
      .join(' ');
  }
}
Object.assign(RequestPorts.prototype, { settings, facts: expressPorts.facts, ...zones });

export function gatePorts(r: NginxHTTPRequest): GatePorts & Held {
  return new RequestPorts(r);
}

/** 144 random bits. Web Crypto is njs's only random source, and a global beside the module of that name. */
function newGateId(): string {
  const { crypto: webCrypto } = globalThis as unknown as { readonly crypto: { getRandomValues(to: Uint8Array): void } };
  const bytes = new Uint8Array(18);
  webCrypto.getRandomValues(bytes);
  return Buffer.from(bytes).toString('base64url');
}

/**
 * njs starts to read a body only when it is asked for before the handler first waits for something; asked for later, it
 * never comes. Once it is there it can be asked for again.
 */
async function readBody(r: NginxHTTPRequest): Promise<Uint8Array> {
  const reading = r as unknown as { readRequestArrayBuffer(): Promise<ArrayBuffer> };
  return new Uint8Array(await reading.readRequestArrayBuffer());
}

const hashing: Hashing = {
  sha256Hex: (value) => crypto.createHash('sha256').update(value).digest('hex'),
  hmacSha256: (key, value) => crypto.createHmac('sha256', key).update(value).digest(),
  hmacSha256Hex: (key, value) => crypto.createHmac('sha256', key).update(value).digest('hex'),
};

/**
 * Invokes the authorizer through nginx's own client, by way of a location that nothing else reaches: it keeps connections
 * only once their certificate is verified, which njs's fetch does not (see render-nginx.ts).
 */
async function invoke(r: NginxHTTPRequest, event: string): Promise<InvokeResponse> {
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
const addresses = new Memo((endpoint) => invokeAddress(authorizer(), endpoint));

/** njs copies the environment, which is the same for the life of a worker, each time that it is asked for it. */
function environment(): Environment {
  knownEnvironment ??= (process as unknown as { readonly env: Environment }).env;
  return knownEnvironment;
}

function authorizer(): Authorizer {
  knownAuthorizer ??= readAuthorizer(environment());
  return knownAuthorizer;
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
