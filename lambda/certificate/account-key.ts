import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { named } from './certificate-store';
import type { Clock } from './clock';
import { withinRightsSettle } from './rights-settle';

/** Where the private key of the account at a certificate authority is kept. */
export interface SecretStore {
  /** The secret's text; undefined when it has none yet. */
  read(arn: string): Promise<string | undefined>;
  /** Gives it a text. The token makes a repeated request the same request. */
  write(arn: string, text: string, token: string): Promise<void>;
}

/** Makes the account's key if the secret holds none yet. @returns its thumbprint, by which challenges are answered */
export async function ensureAccountKey(
  secretArn: string,
  token: string,
  { secrets, clock }: { readonly secrets: SecretStore; readonly clock: Clock },
): Promise<string> {
  return withinRightsSettle(clock, async () => {
    const known = await secrets.read(secretArn);
    if (known !== undefined) return thumbprint(known);
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
    await secrets.write(secretArn, pem, token);
    return thumbprint(pem);
  });
}

/**
 * The thumbprint of a key (RFC 7638).
 * @throws Error when it is no ECDSA P-256 key; the text itself is not told.
 */
export function thumbprint(pem: string): string {
  let jwk: { readonly crv?: string; readonly kty?: string; readonly x?: string; readonly y?: string } = {};
  try {
    jwk = createPublicKey(createPrivateKey(pem)).export({ format: 'jwk' });
  } catch {
    // Told below: the errors of the crypto library may quote what they read.
  }
  const { crv, kty, x, y } = jwk;
  if (crv !== 'P-256') {
    throw new Error('the secret of the account holds something other than an ECDSA P-256 private key in PEM');
  }
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
}

/** The part of the Secrets Manager client that is used. */
export interface SecretCalls {
  getSecretValue(input: { SecretId: string }): Promise<{ readonly SecretString?: string | undefined }>;
  putSecretValue(input: { SecretId: string; SecretString: string; ClientRequestToken: string }): Promise<unknown>;
}

/** AWS Secrets Manager. */
export class SecretsManagerStore implements SecretStore {
  constructor(private readonly calls: SecretCalls) {}

  async read(arn: string): Promise<string | undefined> {
    try {
      const { SecretString } = await this.calls.getSecretValue({ SecretId: arn });
      return SecretString || undefined;
    } catch (error) {
      // So it also says that a secret has no value yet.
      if (named(error, 'ResourceNotFoundException')) return undefined;
      throw error;
    }
  }

  async write(arn: string, text: string, token: string): Promise<void> {
    await this.calls.putSecretValue({ SecretId: arn, SecretString: text, ClientRequestToken: token });
  }
}
