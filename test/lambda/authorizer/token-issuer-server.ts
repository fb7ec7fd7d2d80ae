/** An OpenID Connect issuer on a free loopback port: discovery, keys, and tokens signed by them. */

import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTHeaderParameters, SignJWT } from 'jose';

export interface SigningKey {
  readonly kid: string;
  readonly algorithm: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

export interface IssuerServer {
  readonly issuer: string;
  readonly jwksUri: string;
  /** What `/jwks` publishes; may be changed. */
  keys: readonly SigningKey[];
  /** Replaces the answer to `/jwks`. */
  answer: ((response: ServerResponse) => void) | undefined;
  /** Paths that were asked for. */
  readonly requests: string[];
  stop(): Promise<void>;
}

export async function newSigningKey(algorithm: 'RS256' | 'ES256', kid: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true });
  const publicJwk = { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: 'sig' };
  return { kid, algorithm, privateKey, publicJwk };
}

export async function startIssuer(...keys: readonly SigningKey[]): Promise<IssuerServer> {
  const http = createServer((request, response) => {
    server.requests.push(request.url ?? '');
    if (request.url === '/.well-known/openid-configuration') {
      response.end(JSON.stringify({ issuer: server.issuer, jwks_uri: server.jwksUri }));
    } else if (server.answer !== undefined) {
      server.answer(response);
    } else {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ keys: server.keys.map(({ publicJwk }) => publicJwk) }));
    }
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const server: IssuerServer = {
    issuer,
    jwksUri: `${issuer}/jwks`,
    keys,
    answer: undefined,
    requests: [],
    async stop() {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
  return server;
}

export async function signToken(
  key: SigningKey,
  claims: Readonly<Record<string, unknown>>,
  header: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const protectedHeader = { alg: key.algorithm, kid: key.kid, typ: 'at+jwt', ...header };
  return new SignJWT({ ...claims }).setProtectedHeader(protectedHeader as JWTHeaderParameters).sign(key.privateKey);
}

/** A token whose parts are exactly these. */
export function rawToken(header: unknown, claims: unknown, signature: string): string {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${encode(header)}.${encode(claims)}.${signature}`;
}
