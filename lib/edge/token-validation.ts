import { Token } from 'aws-cdk-lib';
import { Port } from 'aws-cdk-lib/aws-ec2';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { checkHttpsUrl } from '../shared/checks';

/** How a claim of a token holds its values. */
export enum ClaimFormat {
  /** One text. */
  SINGLE_STRING = 'single-string',
  /** A list of texts. */
  STRING_ARRAY = 'string-array',
  /** A text of values between spaces, as scopes are. */
  SPACE_SEPARATED_VALUES = 'space-separated-values',
}

/**
 * Validation of access tokens (JWT) by the load balancer, before the gate sees them. It knows RS256 only, a public key
 * set of at most 150 KB and 10 keys, and checks signature, `iss`, `exp`, and `nbf` and `iat` where they are present.
 */
export interface TokenValidation {
  /** The `iss` of the tokens, exactly: an https URL. */
  readonly issuer: string;
  /** Where the issuer's public keys are: an https URL on a public DNS name. */
  readonly jwksEndpoint: string;
  /** The tokens must be meant for one of these; from 1 to 10 of at most 256 characters. */
  readonly audiences: string[];
  /**
   * The claim that holds the audience. Access tokens of Amazon Cognito have `client_id` instead.
   * @default "aud"
   */
  readonly audienceClaim?: string;
  /**
   * How the issuer writes that claim. The load balancer refuses tokens that write it in another way.
   * @default ClaimFormat.SINGLE_STRING
   */
  readonly audienceFormat?: ClaimFormat;
}

/** Which requests are meant: those with a token, whose header begins with `{"` in base64url. API keys never do. */
const BEARER_TOKEN = 'Bearer eyJ*';
const MAX_AUDIENCES = 10;
const AUDIENCE_LENGTH = 256;
/** Claims that the load balancer checks anyway, and takes no values for. */
const OWN_CLAIMS: readonly string[] = ['exp', 'iss', 'nbf', 'iat'];

/** The condition of requests that carry a token. A key in the same header is none of the load balancer's business. */
export function bearerToken(): elbv2.ListenerCondition {
  return elbv2.ListenerCondition.httpHeader('Authorization', [BEARER_TOKEN]);
}

/** The validation, and what comes after it. */
export function validateToken(validation: TokenValidation, next: elbv2.ListenerAction): elbv2.ListenerAction {
  const { issuer, jwksEndpoint } = validation;
  return elbv2.ListenerAction.authenticateJwt({ issuer, jwksEndpoint, next });
}

/** What the action of aws-cdk-lib leaves out: the audience, and the way to the issuer's keys. */
export function completeValidation(
  validation: TokenValidation,
  rule: elbv2.ApplicationListenerRule,
  listener: elbv2.IApplicationListener,
): void {
  const { audienceClaim = 'aud', audienceFormat = ClaimFormat.SINGLE_STRING, audiences } = validation;
  (rule.node.defaultChild as elbv2.CfnListenerRule).addPropertyOverride(
    'Actions.0.JwtValidationConfig.AdditionalClaims',
    [{ Format: audienceFormat, Name: audienceClaim, Values: audiences }],
  );
  listener.connections.allowToAnyIpv4(Port.tcp(443), "Allow to token issuer's keys");
}

/** @throws Error naming a wrong member. */
export function checkTokenValidation(prop: string, validation: TokenValidation): void {
  checkHttpsUrl(`${prop}: issuer`, validation.issuer);
  checkHttpsUrl(`${prop}: jwksEndpoint`, validation.jwksEndpoint);
  const { audiences, audienceClaim = 'aud', audienceFormat } = validation;
  if (!Token.isUnresolved(audiences) && (audiences.length === 0 || audiences.length > MAX_AUDIENCES)) {
    throw new Error(`${prop}: audiences must be from 1 to ${MAX_AUDIENCES} values, got ${audiences.length}`);
  }
  for (const audience of audiences) {
    if (Token.isUnresolved(audience)) continue;
    const spaced = audienceFormat === ClaimFormat.SPACE_SEPARATED_VALUES && audience.includes(' ');
    if (audience === '' || audience.length > AUDIENCE_LENGTH || spaced) {
      throw new Error(
        `${prop}: audiences must be texts of 1 to ${AUDIENCE_LENGTH} characters${spaced ? ' without spaces' : ''}, got "${audience}"`,
      );
    }
  }
  if (audienceClaim === '' || OWN_CLAIMS.includes(audienceClaim)) {
    throw new Error(
      `${prop}: audienceClaim must be the name of a claim other than ${OWN_CLAIMS.join(', ')}, got "${audienceClaim}"`,
    );
  }
}
