/** The core's ports, made of what njs offers. Nothing here may change: njs reuses a context for the next request. */

// biome-ignore lint/style/useNodejsImportProtocol: njs's own module, which only looks like Node's
import crypto from 'crypto';
import type { InvokeResponse } from '../core/decision/authorizer-answer';
import type { Authorizer } from '../core/decision/lambda-endpoint';
import { type GatePorts, type SharedPorts, UNFILLED, type Visit } from '../core/pipeline/visit';
import type { Debit } from '../core/quota/lease';
import { factsOf } from '../core/request/facts';
import type { Headers } from '../core/request/request-headers';
import type { Settings } from '../core/shared/settings';
import { authorizer, invoke } from './invoke';
import { count, now, state, zones } from './zones';

/** Set before the program's own text when the bundle is packed. */
declare const GATE_SETTINGS: Settings;
export const settings: Settings = GATE_SETTINGS;

export const shared: SharedPorts = { settings, facts: factsOf(settings.options), ...zones, now, digest };

function digest(text: string): string {
  return crypto.createHash('sha256').update(text).digest('base64url');
}

/** What the constructor and the prototype give; the steps fill the rest. */
class NginxVisit {
  declare readonly method: string;
  declare readonly target: string;
  declare headers: Headers;
  declare at: number;
  private made: GatePorts | undefined;

  constructor(
    private readonly r: NginxHTTPRequest,
    method: string,
    target: string,
    headers: Headers,
    at: number,
  ) {
    this.method = method;
    this.target = target;
    this.headers = headers;
    this.at = at;
  }

  get peer(): string {
    return this.r.remoteAddress;
  }

  get protocol(): string {
    return this.r.variables.server_protocol ?? '';
  }

  get requestId(): string {
    return this.r.variables.request_id ?? '';
  }

  get ports(): GatePorts {
    this.made ??= new RequestPorts(this.r) as RequestPorts & SharedPorts & Pick<GatePorts, 'leases'>;
    return this.made;
  }
}
Object.assign(NginxVisit.prototype, UNFILLED);

export function makeVisit(r: NginxHTTPRequest, method: string, target: string, headers: Headers, at: number): Visit {
  return new NginxVisit(r, method, target, headers, at) as NginxVisit & Visit;
}

/** One small object for a request that needs more than what is shared by all. */
class RequestPorts {
  constructor(private readonly r: NginxHTTPRequest) {}

  sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, milliseconds));
  }

  newGateId(): string {
    return newGateId();
  }

  rawHeader(name: string): Uint8Array | undefined {
    const variables = this.r.rawVariables as Readonly<Record<string, Uint8Array | undefined>>;
    return variables[`http_${name.replaceAll('-', '_')}`];
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

  tell(name: string, message: string): void {
    if (state.add(`told:${name}`, '1')) this.warn(message);
  }

  notePayment(debit: Debit): void {
    this.r.variables.gate_paid = JSON.stringify(debit);
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
Object.assign(RequestPorts.prototype, shared);

/** 144 random bits. Web Crypto is njs's only random source, and a global beside the module of that name. */
function newGateId(): string {
  const { crypto: webCrypto } = globalThis as unknown as { readonly crypto: { getRandomValues(to: Uint8Array): void } };
  const bytes = new Uint8Array(18);
  webCrypto.getRandomValues(bytes);
  return Buffer.from(bytes).toString('base64url');
}
