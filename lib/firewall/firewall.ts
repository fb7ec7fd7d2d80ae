import { Annotations, Lazy } from 'aws-cdk-lib';
import type * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type * as logs from 'aws-cdk-lib/aws-logs';
import * as wafv2 from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';
import { SYNTHESIS_PATHS } from '../../contract/names';
import { DEFAULT_SPEECH_LIMITS } from '../../contract/speech-limits';
import { ChallengeResponder } from '../edge/challenge-responder';
import { type CorsOptions, staticCorsHeaders } from '../gate/cors';
import { checkPathPatterns } from '../shared/checks';
import { checkKinds } from '../shared/kinds';
import { customRule, type FirewallRule } from './custom-rule';
import { dataProtection, FirewallLogging } from './firewall-logging';
import { challengeRule, originRules, textRules } from './firewall-rules';
import { ManagedRules } from './managed-rules';
import { type OuterNetOptions, outerNet } from './outer-net';
import type { RateLimit } from './rate-limit';
import { RESPONSE_BODIES, renderRules, type WafRule } from './waf-rule';
import { associate } from './web-acl-association';

/** Options of the firewall. */
export interface FirewallProps {
  /**
   * Limits at the edge. They are an outer net: coarse, and checked every ten seconds or so.
   * @default - ten times a gate's defaults: 600 requests a minute and address, 100 on the free-text paths
   */
  readonly rateLimits?: RateLimit[];
  /**
   * Paths whose query or body is prose, on which rules that read them only count.
   * @default - ["/tts", "/tts/", "/api/tts", "/v1/audio/speech", "/v1/audio/speech/"]
   */
  readonly freeTextPaths?: string[];
  /**
   * Which pages of other origins may read the firewall's refusals. It can tell one origin, or `*`; with several none.
   * @default - none
   */
  readonly cors?: CorsOptions;
  /**
   * Rule groups that AWS keeps up to date.
   * @default - ipReputation, knownBadInputs, common
   */
  readonly managedRules?: ManagedRules[];
  /**
   * Rules of your own, behind all others.
   * @default - none
   */
  readonly rules?: FirewallRule[];
  /**
   * Networks whose requests pass unlooked at, such as `192.0.2.0/24` or `2001:db8::/32`.
   * @default - none
   */
  readonly allowedCidrs?: string[];
  /**
   * Networks that are refused.
   * @default - none
   */
  readonly blockedCidrs?: string[];
  /**
   * Countries from which alone requests are taken, by their two-letter codes (ISO 3166).
   * @default - all
   */
  readonly allowedCountries?: string[];
  /**
   * Countries that are refused, by their two-letter codes (ISO 3166).
   * @default - none
   */
  readonly blockedCountries?: string[];
  /**
   * Characters of a text in a query, at most. The firewall counts bytes, so this is an upper bound only: 12 bytes a
   * character, and the app holds the limit exactly. 0 switches the rule off.
   * @default 500
   */
  readonly maxTextCharacters?: number;
  /**
   * Where the firewall writes what it did, without credentials and query.
   * @default FirewallLogging.cloudWatch(), kept for a month
   */
  readonly logging?: FirewallLogging;
}

/** Up to here AWS WAF's basic price covers the capacity units; above 5,000 it refuses the web ACL. */
const PRICED_CAPACITY = 1500;
const LARGEST_CAPACITY = 5000;

/** A web ACL of AWS WAF for a service whose requests carry prose. */
export class Firewall extends Construct {
  /** Limits around a gate's own, coarser than these: what a firewall has unless it is given `rateLimits`. */
  public static outerNet(options: OuterNetOptions = {}): RateLimit[] {
    return outerNet(options);
  }

  /** The web ACL. */
  public readonly webAcl: wafv2.CfnWebACL;
  /** ARN of the web ACL. */
  public readonly webAclArn: string;
  /** The log group that the firewall made, when it logs to CloudWatch Logs. */
  public readonly logGroup?: logs.ILogGroup;
  /** @internal Requests a minute that an address may make on all paths, when that is limited. */
  public _perMinute?: number;
  /** @internal Characters of the longest text in a query that it lets through; 0: any. */
  public readonly _maxTextCharacters: number;
  private readonly rules: readonly WafRule[];
  private readonly protected: elbv2.IApplicationLoadBalancer[] = [];

  constructor(scope: Construct, id: string, props: FirewallProps = {}) {
    super(scope, id);
    checkKinds('Firewall', props, {
      rateLimits: 'list',
      freeTextPaths: 'texts',
      cors: 'object',
      managedRules: 'list',
      rules: 'list',
      allowedCidrs: 'texts',
      blockedCidrs: 'texts',
      allowedCountries: 'texts',
      blockedCountries: 'texts',
      maxTextCharacters: 'number',
      logging: 'object',
    });
    const freeTextPaths = props.freeTextPaths ?? [...SYNTHESIS_PATHS];
    checkPathPatterns('Firewall: freeTextPaths', freeTextPaths);
    this._maxTextCharacters = props.maxTextCharacters ?? DEFAULT_SPEECH_LIMITS.maxTextCharacters;
    this.rules = this.createRules(props, freeTextPaths);
    this.checkRules();

    this.webAcl = new wafv2.CfnWebACL(this, 'WebAcl', {
      scope: 'REGIONAL',
      defaultAction: { allow: {} },
      customResponseBodies: { ...RESPONSE_BODIES },
      // What it protects is known at the end.
      rules: Lazy.any({ produce: () => renderRules(this.allRules(), staticCorsHeaders(props.cors)) }),
      dataProtectionConfig: dataProtection(),
      visibilityConfig: { cloudWatchMetricsEnabled: true, metricName: 'Voicegate', sampledRequestsEnabled: true },
    });
    this.webAclArn = this.webAcl.attrArn;
    this.logGroup = (props.logging ?? FirewallLogging.cloudWatch())._bind(this, this.webAclArn);
  }

  /** Capacity units (WCU) that its rules take. */
  public get capacity(): number {
    return this.allRules().reduce((sum, rule) => sum + rule.capacity, 0);
  }

  /**
   * Puts the firewall in front of a load balancer. Where a certificate authority asks for its challenges there, these
   * requests pass before all other rules: they come from anywhere.
   */
  public protect(loadBalancer: elbv2.IApplicationLoadBalancer): void {
    const id = this.protected.length === 0 ? 'Association' : `Association${this.protected.length + 1}`;
    this.protected.push(loadBalancer);
    associate(this, id, loadBalancer.loadBalancerArn, this.webAclArn);
  }

  private allRules(): readonly WafRule[] {
    const challenged = this.protected.some((loadBalancer) => ChallengeResponder.answersFor(loadBalancer));
    return challenged ? [challengeRule(), ...this.rules] : this.rules;
  }

  private createRules(props: FirewallProps, freeTextPaths: string[]): WafRule[] {
    const rateLimits = props.rateLimits ?? outerNet({ synthesisPaths: freeTextPaths });
    this._perMinute = smallest(rateLimits.flatMap((limit) => limit._perMinute ?? []));
    if (rateLimits.length > 0 && !rateLimits.some((limit) => limit.countsEveryRequest)) {
      throw new Error(
        'Firewall: rateLimits count only requests that have a certain header, so leaving it out walks around them; ' +
          'add RateLimit.perIp',
      );
    }
    const managed = props.managedRules ?? [
      ManagedRules.ipReputation(),
      ManagedRules.knownBadInputs(),
      ManagedRules.common(),
    ];
    return [
      ...originRules(this, props),
      ...rateLimits.map((limit) => limit._rule()),
      ...managed.flatMap((group) => group._rules({ freeTextPaths })),
      ...textRules(freeTextPaths, this._maxTextCharacters),
      ...(props.rules ?? []).map(customRule),
    ];
  }

  private checkRules(): void {
    const names = this.rules.map((rule) => rule.name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) {
      throw new Error(`Firewall: two rules are named "${twice}"; give one of them a name of its own`);
    }
    if (this.capacity > LARGEST_CAPACITY) {
      throw new Error(
        `Firewall: the rules take ${this.capacity} capacity units, AWS WAF allows ${LARGEST_CAPACITY}; use fewer rule groups or paths`,
      );
    }
    if (this.capacity > PRICED_CAPACITY) {
      Annotations.of(this).addWarningV2(
        'voicegate:wafCapacity',
        `The firewall's rules take ${this.capacity} capacity units; above ${PRICED_CAPACITY} AWS charges extra for every request.`,
      );
    }
  }
}

function smallest(numbers: readonly number[]): number | undefined {
  return numbers.length === 0 ? undefined : Math.min(...numbers);
}
