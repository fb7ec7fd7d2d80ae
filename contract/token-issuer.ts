/** One OpenID Connect issuer whose access tokens (JWT) are accepted as `Authorization: Bearer`. */
export interface TokenIssuer {
  /** The `iss` of its tokens, exactly: an https URL without query or fragment. */
  readonly issuer: string;
  /** A token must be meant for one of these. At least one. */
  readonly audiences: readonly string[];
  /** The claim that holds the audience. Default `aud`; Cognito's access tokens have `client_id` instead. */
  readonly audienceClaim?: string;
  /** Where its public keys are. Default: what `<issuer>/.well-known/openid-configuration` says. */
  readonly jwksUri?: string;
  /** Signature algorithms that are accepted. Default both. */
  readonly algorithms?: readonly TokenAlgorithm[];
  /** The claim that becomes the principal: free text of 1 to 1024 characters. Default `sub`. */
  readonly principalClaim?: string;
  /**
   * Put before the principal, so that no subject of this issuer is taken for an owner of a key or for a subject of
   * another issuer. Default none.
   */
  readonly principalPrefix?: string;
  /** The claim that holds the scopes: a text separated by spaces, or a list of texts. Default `scope`. */
  readonly scopeClaim?: string;
  /** Claims that must have one of the given values. Default none. */
  readonly requiredClaims?: Readonly<Record<string, readonly (string | number | boolean)[]>>;
  /**
   * Seconds, 0 to 300, by which the issuer's clock may be ahead: `nbf` and `iat` may lie that far in the future. `exp`
   * is taken as it is. Default 60.
   */
  readonly clockSkew?: number;
}

export const TOKEN_ALGORITHMS = ['RS256', 'ES256'] as const;
export type TokenAlgorithm = (typeof TOKEN_ALGORITHMS)[number];
