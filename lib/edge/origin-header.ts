import { type SecretValue, Token } from 'aws-cdk-lib';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { checkKinds } from '../shared/kinds';

/** A header with a secret that a proxy in front puts on every request, such as a custom header of a CloudFront origin. */
export interface OriginHeader {
  /**
   * The secret: 16 to 128 characters without `*`, `?` and `\`. One from Secrets Manager stands in no template
   * (`SecretValue.secretsManager(id)`). The load balancer compares without regard to case.
   */
  readonly value: SecretValue;
  /**
   * The secret before, while the proxy still sends it: change the secret by two deployments, and no request is lost.
   * @default - none
   */
  readonly previousValue?: SecretValue;
  /**
   * Name of the header, at most 40 characters.
   * @default "X-Origin-Verify"
   */
  readonly name?: string;
}

const DEFAULT_NAME = 'X-Origin-Verify';
const VALUE = /^[!-)+->@-[\]-~]{16,128}$/;

/** The condition that a request has it. @throws Error naming a part that a load balancer would not take, never the secret. */
export function originCondition(header: OriginHeader): elbv2.ListenerCondition {
  const owner = 'HttpsLoadBalancer: originHeader';
  checkKinds(owner, header, { value: 'secret', previousValue: 'secret', name: 'text' }, ['value']);
  const { name = DEFAULT_NAME, value, previousValue } = header;
  if (!/^[A-Za-z0-9-]{1,40}$/.test(name)) {
    throw new Error(`${owner}.name must be 1 to 40 letters, digits and "-", got "${name}"`);
  }
  const values = [value, ...(previousValue ? [previousValue] : [])].map((secret) => secret.unsafeUnwrap());
  for (const text of values) {
    if (Token.isUnresolved(text) || VALUE.test(text)) continue;
    throw new Error(
      `${owner}: a value must be 16 to 128 printable characters without space, *, ? and \\, got ${text.length} characters that are not`,
    );
  }
  return elbv2.ListenerCondition.httpHeader(name, values);
}
