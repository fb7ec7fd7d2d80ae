import type { WebACL } from '@aws-sdk/client-wafv2';

/** What is deployed, as the edge serves it: read from AWS as a whole, replaced as a whole, never changed in place. */
export interface EdgeModel {
  readonly loadBalancers: readonly LoadBalancer[];
  readonly targetGroups: ReadonlyMap<string, TargetGroup>;
}

export interface LoadBalancer {
  readonly arn: string;
  readonly name: string;
  /** Lower case. */
  readonly dnsName: string;
  readonly listeners: readonly Listener[];
  readonly attributes: Attributes;
  readonly webAcl?: WebAcl;
}

/** A resource's attributes as AWS lists them: key to value. What is not there has AWS's default. */
export type Attributes = ReadonlyMap<string, string>;

export interface Listener {
  readonly arn: string;
  readonly port: number;
  readonly protocol: string;
  readonly sslPolicy?: string;
  readonly certificates: readonly ListenerCertificate[];
  readonly attributes: Attributes;
  /** By priority; the default rule is the last and has no conditions. */
  readonly rules: readonly ListenerRule[];
}

export interface ListenerCertificate {
  readonly arn: string;
  /** ACM's status, such as `ISSUED`; undefined: ACM does not hold this certificate. */
  readonly status?: string;
  /** The certificate and those that signed it, PEM, where it is a real one. */
  readonly chain?: string;
}

export interface ListenerRule {
  readonly priority: string;
  readonly conditions: readonly Condition[];
  readonly actions: readonly Action[];
  /** A rewrite of host or path: read, not done. */
  readonly transformed: boolean;
}

export interface Condition {
  readonly field: string;
  readonly values: readonly string[];
  readonly regexValues: readonly string[];
  /** For `http-header`. */
  readonly headerName?: string;
  /** For `query-string`. */
  readonly pairs: readonly { readonly key?: string; readonly value: string }[];
}

export interface ForwardAction {
  readonly type: 'forward';
  readonly targetGroups: readonly { readonly arn: string; readonly weight: number }[];
  readonly sticky: boolean;
}

export interface RedirectAction {
  readonly type: 'redirect';
  readonly protocol: string;
  readonly host: string;
  readonly port: string;
  readonly path: string;
  readonly query: string;
  readonly status: 301 | 302;
}

export interface FixedResponseAction {
  readonly type: 'fixed-response';
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** An action of a kind that the edge does not do; it answers closed. */
export interface OtherAction {
  readonly type: 'other';
  readonly name: string;
}

export type Action = ForwardAction | RedirectAction | FixedResponseAction | OtherAction;

export interface TargetGroup {
  readonly arn: string;
  readonly name: string;
  readonly protocol: string;
  readonly protocolVersion: string;
  readonly port: number;
  readonly targetType: string;
  readonly healthCheck: HealthCheck;
  readonly attributes: Attributes;
  readonly targets: readonly { readonly id: string; readonly port: number }[];
}

/** Times in seconds. */
export interface HealthCheck {
  readonly protocol: string;
  /** A number, or `traffic-port`. */
  readonly port: string;
  readonly path: string;
  readonly interval: number;
  readonly timeout: number;
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
  /** Status codes as AWS writes them: `200`, `200,302`, `200-299`. */
  readonly matcher: string;
}

/** A web ACL with the sets that its rules refer to. */
export interface WebAcl {
  readonly acl: WebACL;
  /** Addresses by ARN. */
  readonly ipSets: ReadonlyMap<string, readonly string[]>;
  /** Expressions by ARN. */
  readonly regexPatternSets: ReadonlyMap<string, readonly string[]>;
}
