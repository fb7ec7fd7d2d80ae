import type { Duration } from 'aws-cdk-lib';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type { Construct } from 'constructs';
import { PAGE_PATHS, SYNTHESIS_PATHS } from '../../contract/names';
import { checkInteger, checkPathPatterns } from '../shared/checks';
import type { PageLogin } from './page-login';
import { pathConditions } from './path-rules';
import {
  bearerToken,
  checkTokenValidation,
  completeValidation,
  type TokenValidation,
  validateToken,
} from './token-validation';

/** Targets, and which requests go to them. */
export interface ForwardProps extends elbv2.ApplicationTargetGroupProps {
  /**
   * A second target group that the rule names without sending to it, for deployments that move requests between two.
   * @default - none
   */
  readonly alternateTargetGroup?: elbv2.IApplicationTargetGroup;
  /**
   * What requests must meet, such as `ListenerCondition.hostHeaders(['tts.example.com'])`.
   * @default - all requests that no other rule took
   */
  readonly conditions?: elbv2.ListenerCondition[];
  /**
   * Place among the rules of the listener, from 1 to 50,000; lower ones come first. Rules for some paths (`pageLogin`,
   * `tokenValidation`) come first, and the rest directly behind them.
   * @default - a free place: rules with conditions before those without
   */
  readonly priority?: number;
  /**
   * Login that browsers need for `pageLoginPaths`.
   * @default - none
   */
  readonly pageLogin?: PageLogin;
  /**
   * Paths that `pageLogin` is for, with every method: `/path`, or with one `*` at the end.
   * @default - ["/", "/voicegate-page/*", "/favicon.ico"], the page of the bundled image
   */
  readonly pageLoginPaths?: string[];
  /**
   * Validation of access tokens before they are forwarded. Requests without a token are forwarded as they are.
   * @default - none
   */
  readonly tokenValidation?: TokenValidation;
  /**
   * Paths that `tokenValidation` is for, with every method: `/path`, or with one `*` at the end.
   * @default - ["/tts", "/tts/", "/api/tts", "/v1/audio/speech", "/v1/audio/speech/"]
   */
  readonly tokenValidationPaths?: string[];
}

/** A load balancer with an HTTPS listener, to which services can be added. */
export interface IHttpsLoadBalancer {
  /** The load balancer. */
  readonly loadBalancer: elbv2.IApplicationLoadBalancer;
  /** Where clients find it: `https://` and a name. */
  readonly url: string;
  /**
   * How long it keeps a silent connection.
   * @default - unknown: one that was made outside this app, of which nothing was said
   */
  readonly idleTimeout?: Duration;
  /**
   * Proxies up to it whose `X-Forwarded-For` entries can be trusted.
   * @default 1: it is the first
   */
  readonly trustedHops?: number;
  /** Forwards requests to targets: those that meet the conditions, or all that no other rule took. */
  forward(scope: Construct, id: string, props: ForwardProps): elbv2.ApplicationTargetGroup;
}

const STEP = 10;
/** Where rules for all requests begin: behind every rule with conditions. */
const FIRST_OPEN = 40_000;

/** Free places among the rules of one listener. */
export class RulePriorities {
  private open = FIRST_OPEN;
  private readonly taken: Set<number>;
  private takesAll?: string;

  /**
   * @param conditional place of the first rule with conditions
   * @param taken places that rules of somebody else have
   */
  constructor(
    private conditional = 1000,
    taken: Iterable<number> = [],
  ) {
    this.taken = new Set(taken);
  }

  /** Takes a place that somebody chose. @throws Error if another rule has it. */
  public take(place: number): number {
    checkInteger('forward: priority', place, 1, 50_000);
    if (this.taken.has(place)) {
      throw new Error(`forward: priority ${place} belongs to another rule of the listener; choose a free one or none`);
    }
    this.taken.add(place);
    return place;
  }

  /** Notes that a service takes all requests that no other rule takes. @throws Error if another one does already. */
  public takeAll(scope: Construct): void {
    if (this.takesAll !== undefined) {
      throw new Error(
        `forward: ${this.takesAll} already takes all requests of this load balancer, so none would reach ${scope.node.path}; ` +
          "say which are for which by routing (conditions), such as ListenerCondition.hostHeaders(['tts.example.com'])",
      );
    }
    this.takesAll = scope.node.path;
  }

  public next(hasConditions: boolean): number {
    for (;;) {
      const place = hasConditions ? this.conditional : this.open;
      if (hasConditions) this.conditional += STEP;
      else this.open += STEP;
      if (!this.taken.has(place)) return this.take(place);
    }
  }
}

/**
 * A target group and its rule, both in the scope of the service: two stacks that share a load balancer then refer to it
 * and never to each other.
 * @param required what every request must meet besides
 */
export function forward(
  scope: Construct,
  id: string,
  listener: elbv2.IApplicationListener,
  priorities: RulePriorities,
  props: ForwardProps,
  required: readonly elbv2.ListenerCondition[] = [],
): elbv2.ApplicationTargetGroup {
  const {
    conditions,
    priority,
    pageLogin,
    pageLoginPaths,
    tokenValidation,
    tokenValidationPaths,
    alternateTargetGroup,
    ...targetGroupProps
  } = props;
  checkInteger('forward: priority', priority, 1, 50_000);
  if (conditions?.length === 0) {
    throw new Error('forward: conditions must hold at least one, got none; leave it out to take all requests');
  }
  if (conditions === undefined && priority === undefined) priorities.takeAll(scope);
  const repeated = [...required, ...(conditions ?? [])];
  const logins = conditionsOf('pageLogin', props, PAGE_PATHS, repeated);
  const validations = conditionsOf('tokenValidation', props, SYNTHESIS_PATHS, [...repeated, bearerToken()]);
  const targetGroup = new elbv2.ApplicationTargetGroup(scope, id, targetGroupProps);
  const action = alternateTargetGroup
    ? elbv2.ListenerAction.weightedForward([
        { targetGroup, weight: 100 },
        { targetGroup: alternateTargetGroup, weight: 0 },
      ])
    : elbv2.ListenerAction.forward([targetGroup]);
  let chosen = priority;
  // Rules for some paths stand in the same range as the rest: they must not take what is another service's.
  const addRule = (ruleId: string, rule: Pick<elbv2.ApplicationListenerRuleProps, 'conditions' | 'action'>) =>
    new elbv2.ApplicationListenerRule(scope, ruleId, {
      ...rule,
      listener,
      priority: chosen === undefined ? priorities.next(conditions !== undefined) : priorities.take(chosen++),
    });

  if (tokenValidation) {
    checkTokenValidation('tokenValidation', tokenValidation);
    for (const [index, rule] of validations.entries()) {
      const added = addRule(`${id}Token${index || ''}`, {
        conditions: rule,
        action: validateToken(tokenValidation, action),
      });
      completeValidation(tokenValidation, added, listener);
    }
  }
  for (const [index, rule] of logins.entries()) {
    addRule(`${id}Login${index || ''}`, { conditions: rule, action: pageLogin?._authenticate(action) });
  }
  addRule(forwardRuleId(id), {
    conditions: [
      ...required,
      ...(conditions ?? (required.length > 0 ? [] : [elbv2.ListenerCondition.pathPatterns(['*'])])),
    ],
    action,
  });
  return targetGroup;
}

/** Id of the rule that takes what no rule for some paths took, in the scope of its service. */
export function forwardRuleId(id: string): string {
  return `${id}Rule`;
}

/** Conditions of the rules that a prop adds for some paths: none without the prop. */
function conditionsOf(
  prop: 'pageLogin' | 'tokenValidation',
  given: Pick<ForwardProps, 'pageLogin' | 'pageLoginPaths' | 'tokenValidation' | 'tokenValidationPaths'>,
  defaultPaths: readonly string[],
  repeated: readonly elbv2.ListenerCondition[],
): elbv2.ListenerCondition[][] {
  const paths = given[`${prop}Paths`];
  if (!given[prop]) {
    if (paths) throw new Error(`forward: ${prop}Paths needs ${prop}`);
    return [];
  }
  if (paths?.length === 0) throw new Error(`forward: ${prop}Paths must hold at least one path, got none`);
  checkPathPatterns(`forward: ${prop}Paths`, paths);
  return pathConditions(`forward: ${prop}`, paths ?? defaultPaths, repeated);
}
