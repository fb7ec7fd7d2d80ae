import type { Rule } from '@aws-sdk/client-wafv2';
import type { ExchangeRequest } from '../exchange.js';
import type { EdgeModel, LoadBalancer } from '../model.js';
import { bytesOfBuffer } from './bytes.js';
import { INSPECTED_BYTES } from './fields.js';
import { RateCounters } from './rate.js';
import { type CompiledWebAcl, compileWebAcl, type Verdict } from './web-acl.js';

interface Kept<T> {
  /** The deployed state that it was made from. */
  readonly source: string;
  readonly value: T;
}

/** The web ACLs in front of the load balancers. */
export class Firewall {
  /** By load balancer. */
  private acls = new Map<string, Kept<CompiledWebAcl>>();
  /** By load balancer and rule. */
  private readonly rates = new Map<string, Kept<RateCounters>>();

  constructor(
    /** Seconds until a request counts. */
    private readonly delay: number,
    private readonly now: () => number = Date.now,
  ) {}

  /** Takes over what is deployed now. Counters of rules that did not change go on. */
  update(deployment: EdgeModel): void {
    const acls = new Map<string, Kept<CompiledWebAcl>>();
    for (const { arn, webAcl } of deployment.loadBalancers) {
      if (webAcl === undefined) continue;
      const source = JSON.stringify([webAcl.acl, [...webAcl.ipSets], [...webAcl.regexPatternSets]]);
      const known = this.acls.get(arn);
      const rates = (rule: Rule) => this.ratesOf(`${arn} ${rule.Name}`, rule);
      acls.set(arn, known?.source === source ? known : { source, value: compileWebAcl(webAcl, rates) });
    }
    this.acls = acls;
  }

  /** Bytes of a request's body that some rule wants to see; 0: none. */
  inspectedBodyBytes({ arn }: LoadBalancer): number {
    return this.acls.get(arn)?.value.inspectsBody ? INSPECTED_BYTES : 0;
  }

  inspect({ arn }: LoadBalancer, request: ExchangeRequest, body: Uint8Array): Verdict {
    const acl = this.acls.get(arn)?.value;
    if (acl === undefined) return { rule: 'default', insertHeaders: [] };
    const { method, path, query, headers, client } = request;
    return acl.inspect({ method, path, query, headers, client, body: bytesOfBuffer(body) });
  }

  notEmulated(): readonly string[] {
    return [...this.acls.values()].flatMap(({ value }) => value.notEmulated);
  }

  private ratesOf(key: string, rule: Rule): RateCounters {
    const source = JSON.stringify(rule.Statement);
    const known = this.rates.get(key);
    if (known?.source === source) return known.value;
    const value = new RateCounters(this.now, this.delay * 1000);
    this.rates.set(key, { source, value });
    return value;
  }
}
