import { join } from 'node:path';
import {
  type IssuerServer,
  newSigningKey,
  type SigningKey,
  startIssuer,
} from '../../lambda/authorizer/token-issuer-server';
import { LocalCloud, root } from '../support/local-cloud';

/** Audience of the access tokens. */
export const AUDIENCE = 'speech';
/** Seconds for which the gate keeps a decision; what was changed counts after them. */
export const TTL = 1;
/** Seconds for which it keeps one while the authorizer fails. */
export const STALE_GRACE = 7;
/** What one address may ask for in a minute, with the app and in all. */
export const LIMITS = { synthesis: 60, requests: 300 };
/** What it may ask for until the firewall blocks it. */
export const FIREWALL = 400;

/** An image that reports what reached it, in the cloud that guards it, with an issuer of access tokens. */
export interface EchoApp {
  readonly cloud: LocalCloud;
  readonly issuer: IssuerServer;
  readonly signing: SigningKey;
  stop(): Promise<void>;
}

export async function startEchoApp(): Promise<EchoApp> {
  const signing = await newSigningKey('ES256', 'first');
  const issuer = await startIssuer(signing);
  const context = {
    image: join(root, 'test/e2e/echo-image'),
    requestsPerMinute: String(LIMITS.requests),
    synthesisPerMinute: String(LIMITS.synthesis),
    firewallRequests: String(FIREWALL),
    positiveTtl: String(TTL),
    negativeTtl: String(TTL),
    staleGrace: String(STALE_GRACE),
    tokenIssuer: issuer.issuer,
    tokenAudiences: AUDIENCE,
  };
  try {
    const cloud = await LocalCloud.start(context, ['--waf-delay', '1']);
    return { cloud, issuer, signing, stop: () => Promise.all([cloud.stop(), issuer.stop()]).then(() => undefined) };
  } catch (error) {
    await issuer.stop();
    throw error;
  }
}
