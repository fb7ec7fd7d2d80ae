import { Duration, type SecretValue, Token } from 'aws-cdk-lib';
import * as cognito from 'aws-cdk-lib/aws-cognito';
import type * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { ListenerAction } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { AuthenticateCognitoAction } from 'aws-cdk-lib/aws-elasticloadbalancingv2-actions';
import { checkHttpsUrl, checkSeconds } from '../shared/checks';

/** Options of a login that do not depend on who knows the people. */
export interface PageLoginOptions {
  /**
   * How long a login lasts, from 1 second to 7 days.
   * @default Duration.hours(12)
   */
  readonly sessionTimeout?: Duration;
  /**
   * Scopes that are asked for, separated by spaces; `openid` must be among them.
   * @default "openid"
   */
  readonly scope?: string;
  /**
   * Name of the load balancer's session cookie. Services that share a host name but not a login need different ones.
   * @default "AWSELBAuthSessionCookie"
   */
  readonly sessionCookieName?: string;
  /**
   * Up to ten query parameters for the authorization endpoint, such as `{ prompt: 'login' }`.
   * @default - none
   */
  readonly authenticationRequestExtraParams?: { [name: string]: string };
}

/** An OpenID Connect provider, and the client that it knows the load balancer by. */
export interface OidcLoginProps extends PageLoginOptions {
  /** The provider's issuer identifier: an https URL, exactly as in its discovery document. */
  readonly issuer: string;
  /** Its authorization endpoint: an https URL. */
  readonly authorizationEndpoint: string;
  /** Its token endpoint: an https URL on a public DNS name, reachable by IPv4. */
  readonly tokenEndpoint: string;
  /** Its user info endpoint: an https URL on a public DNS name, reachable by IPv4. */
  readonly userInfoEndpoint: string;
  /** The client's id. Its redirect URI must be `https://<domain name>/oauth2/idpresponse`. */
  readonly clientId: string;
  /** The client's secret, as a reference such as `SecretValue.secretsManager(…)`: plain text is refused. */
  readonly clientSecret: SecretValue;
}

/** An Amazon Cognito user pool, and the client that it knows the load balancer by. */
export interface CognitoLoginProps extends PageLoginOptions {
  /** The user pool. */
  readonly userPool: cognito.IUserPool;
  /**
   * Its client: with a secret, the authorization code grant and the callback URL
   * `https://<domain name>/oauth2/idpresponse`.
   */
  readonly userPoolClient: cognito.IUserPoolClient;
  /** Its domain. */
  readonly userPoolDomain: cognito.IUserPoolDomain;
}

const LONGEST_SESSION = 604_800;
const MAX_EXTRA_PARAMS = 10;

/**
 * Login for the web page by the load balancer itself: a browser without a session is sent to the provider, and comes back
 * with one. Programs cannot follow, so it is for pages only.
 */
export abstract class PageLogin {
  /** People whom any OpenID Connect provider knows. */
  public static oidc(props: OidcLoginProps): PageLogin {
    return new OidcLogin(props);
  }

  /** People whom a Cognito user pool knows. */
  public static cognito(props: CognitoLoginProps): PageLogin {
    return new CognitoLogin(props);
  }

  /** @internal The login, and what comes after it. */
  public abstract _authenticate(next: elbv2.ListenerAction): elbv2.ListenerAction;
}

class OidcLogin extends PageLogin {
  constructor(private readonly props: OidcLoginProps) {
    super();
    checkOptions('PageLogin.oidc', props);
    for (const name of ['issuer', 'authorizationEndpoint', 'tokenEndpoint', 'userInfoEndpoint'] as const) {
      checkHttpsUrl(`PageLogin.oidc: ${name}`, props[name]);
    }
    if (props.clientId === '') throw new Error('PageLogin.oidc: clientId must not be empty');
    // Only a reference is a token; the text itself would stand in the template.
    if (!Token.isUnresolved(props.clientSecret.unsafeUnwrap())) {
      throw new Error(
        'PageLogin.oidc: clientSecret must be a reference such as SecretValue.secretsManager(…), got plain text, which would stand in the template',
      );
    }
  }

  public _authenticate(next: elbv2.ListenerAction): elbv2.ListenerAction {
    return ListenerAction.authenticateOidc({ ...this.props, sessionTimeout: sessionTimeout(this.props), next });
  }
}

class CognitoLogin extends PageLogin {
  constructor(private readonly props: CognitoLoginProps) {
    super();
    checkOptions('PageLogin.cognito', props);
    const client = props.userPoolClient.node.defaultChild;
    if (client instanceof cognito.CfnUserPoolClient && client.generateSecret !== true) {
      throw new Error(
        `PageLogin.cognito: userPoolClient "${props.userPoolClient.node.path}" has no secret, which a load balancer needs; make it with generateSecret: true`,
      );
    }
  }

  public _authenticate(next: elbv2.ListenerAction): elbv2.ListenerAction {
    return new AuthenticateCognitoAction({ ...this.props, sessionTimeout: sessionTimeout(this.props), next });
  }
}

function sessionTimeout({ sessionTimeout }: PageLoginOptions): Duration {
  return sessionTimeout ?? Duration.hours(12);
}

function checkOptions(owner: string, options: PageLoginOptions): void {
  checkSeconds(`${owner}: sessionTimeout`, sessionTimeout(options), 1, LONGEST_SESSION);
  const { scope, authenticationRequestExtraParams: params = {} } = options;
  if (scope !== undefined && !Token.isUnresolved(scope) && !scope.split(' ').includes('openid')) {
    throw new Error(`${owner}: scope must hold "openid", got "${scope}"`);
  }
  const count = Object.keys(params).length;
  if (count > MAX_EXTRA_PARAMS) {
    throw new Error(
      `${owner}: authenticationRequestExtraParams must be at most ${MAX_EXTRA_PARAMS} parameters, got ${count}`,
    );
  }
}
