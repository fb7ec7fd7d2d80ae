import { type Duration, Stack, Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { checkTokenIssuers, type TokenIssuer as IssuerInEnvironment } from '../../contract/token-issuer';

/** How a token is signed. */
export enum TokenAlgorithm {
  /** RSASSA-PKCS1-v1_5 with SHA-256. */
  RS256 = 'RS256',
  /** ECDSA on P-256 with SHA-256. */
  ES256 = 'ES256',
}

/** An OpenID Connect issuer whose access tokens (JWT) are accepted as `Authorization: Bearer`. */
export interface TokenIssuer {
  /** The `iss` of its tokens, exactly: an https URL without query and fragment. */
  readonly issuer: string;
  /** A token must be meant for one of these; at least one. */
  readonly audiences: string[];
  /**
   * The claim that holds the audience. Access tokens of Amazon Cognito have `client_id` instead.
   * @default "aud"
   */
  readonly audienceClaim?: string;
  /**
   * Where the issuer's public keys are.
   * @default - what `<issuer>/.well-known/openid-configuration` says
   */
  readonly jwksUri?: string;
  /**
   * Signature algorithms that are accepted.
   * @default - RS256 and ES256
   */
  readonly algorithms?: TokenAlgorithm[];
  /**
   * The claim that becomes the principal.
   * @default "sub"
   */
  readonly principalClaim?: string;
  /**
   * Put before the principal, so that no subject of this issuer is taken for the owner of a key or for a subject of
   * another issuer.
   * @default - none
   */
  readonly principalPrefix?: string;
  /**
   * The claim that holds the scopes: a text separated by spaces, or a list of texts.
   * @default "scope"
   */
  readonly scopeClaim?: string;
  /**
   * Claims that must have one of the given values, such as `{ token_use: ['access'] }`.
   * @default - none
   */
  readonly requiredClaims?: { [claim: string]: (string | number | boolean)[] };
  /**
   * How far `nbf` and `iat` may lie in the future, from 0 to 300 seconds. `exp` is taken as it is.
   * @default Duration.seconds(60)
   */
  readonly clockSkew?: Duration;
}

/** Lambda's environment takes 4 KB in all. */
const MAX_CHARACTERS = 3000;

/** The issuers as the authorizer reads them from its environment. */
export function tokenIssuersVariable(scope: Construct, issuers: TokenIssuer[]): string {
  const values = issuers.map(
    ({ clockSkew, algorithms, ...rest }): IssuerInEnvironment => ({
      ...rest,
      ...(algorithms && { algorithms }),
      ...(clockSkew && { clockSkew: clockSkew.toSeconds({ integral: false }) }),
    }),
  );
  checkTokenIssuers('ApiKeyAuthorizer: tokenIssuers', values.map(withoutTokens));
  const text = Stack.of(scope).toJsonString(values);
  const { length } = JSON.stringify(values);
  if (length > MAX_CHARACTERS) {
    throw new Error(
      `ApiKeyAuthorizer: tokenIssuers must take at most ${MAX_CHARACTERS} characters as JSON, got ${length}: ` +
        "they travel in the function's environment",
    );
  }
  return text;
}

/** URLs that are known only at deployment, such as that of a user pool, are taken on trust. */
function withoutTokens(issuer: IssuerInEnvironment, index: number): IssuerInEnvironment {
  const known = (url: string, place: string) =>
    Token.isUnresolved(url) ? `https://${place}-${index}.unresolved.invalid` : url;
  return {
    ...issuer,
    issuer: known(issuer.issuer, 'issuer'),
    ...(issuer.jwksUri !== undefined && { jwksUri: known(issuer.jwksUri, 'jwks') }),
  };
}
