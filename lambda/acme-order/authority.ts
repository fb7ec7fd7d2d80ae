import { Agent } from 'node:https';
import { createSecureContext, rootCertificates } from 'node:tls';
import * as acme from 'acme-client';
import type { CertificateFacts } from '../certificate/certificate-facts';
import type { Clock } from '../certificate/clock';
import { AcmeProblem, asRecord, problemOf, retryAfter } from './acme-problem';
import { LONGEST_WORD, ownRenewal, type Renewal, suggestedRenewal } from './renewal';

export interface AuthorityOptions {
  readonly directoryUrl: string;
  /** PEM. */
  readonly accountKey: string;
  readonly email?: string;
  readonly profile?: string;
  readonly externalAccount?: { readonly keyId: string; readonly hmacKey: string };
  readonly rootCertificate?: string;
  /** No request is made and nothing is waited for after this time. Milliseconds since the epoch. */
  readonly deadline: number;
}

export interface OrderRequest {
  readonly names: readonly string[];
  /** PEM. */
  readonly signingRequest: string;
  /** Renewal id of the certificate that this one follows. */
  readonly replaces?: string;
  /** Called when all names are validated, before the certificate is issued; what it throws ends the order. */
  readonly beforeFinalize: () => Promise<void>;
}

const REQUEST_TIMEOUT = 20_000;
const RESPONSE_BYTES = 1024 * 1024;
/** acme-client takes five: with half of the nonces refused every seventh order would fail. */
const NONCES = 20;
/** Milliseconds between two looks at something that is being decided, unless the authority says otherwise. */
const PACE = { least: 500, usual: 2000, most: 15_000 };

/**
 * A certificate authority that speaks ACME (RFC 8555), by acme-client: it signs, and knows the protocol's objects. Three
 * things of its own are replaced. It tries again by itself after 429 and 5xx, for as long as `Retry-After` says, where a
 * run must end; it loses an error's type and `Retry-After`; it waits by its own clock. So its one HTTP client for a
 * process gets our handler in place of its own. Renewal information (RFC 9773) it does not know.
 */
export class Authority {
  private readonly client: acme.Client;
  private lastRetryAfter: number | undefined;

  constructor(
    private readonly options: AuthorityOptions,
    private readonly clock: Clock,
  ) {
    this.takeTransport();
    this.client = new acme.Client({
      directoryUrl: options.directoryUrl,
      accountKey: options.accountKey,
      ...(options.externalAccount && {
        externalAccountBinding: { kid: options.externalAccount.keyId, hmacKey: options.externalAccount.hmacKey },
      }),
    });
    const { http } = this.client as unknown as { readonly http: { maxBadNonceRetries: number } };
    http.maxBadNonceRetries = NONCES;
  }

  /** When a certificate is to be renewed: as the authority suggests, or by its lifetime. */
  async renewal(facts: CertificateFacts): Promise<Renewal> {
    if (facts.renewalId === undefined) return ownRenewal(facts);
    const { renewalInfo } = await this.directory().catch(() => asRecord(undefined));
    if (typeof renewalInfo !== 'string') return ownRenewal(facts);
    this.lastRetryAfter = undefined;
    const renewal = await this.suggestion(`${renewalInfo}/${facts.renewalId}`, facts);
    if (this.lastRetryAfter === undefined) return renewal;
    return { ...renewal, knownUntil: this.clock.now() + Math.min(this.lastRetryAfter, LONGEST_WORD) };
  }

  private async suggestion(url: string, facts: CertificateFacts): Promise<Renewal> {
    try {
      const { data } = await acme.axios.get<unknown>(url);
      const { start, end } = asRecord(asRecord(data).suggestedWindow);
      return suggestedRenewal(facts, { start: String(start), end: String(end) }) ?? ownRenewal(facts);
    } catch {
      // Also one that does not know the certificate: that is no reason not to renew it.
      return ownRenewal(facts);
    }
  }

  /**
   * Orders a certificate; whoever answers the challenges knows the account's thumbprint.
   * @returns the certificate and those that signed it, PEM
   * @throws AcmeProblem
   */
  async order(request: OrderRequest): Promise<string> {
    const { email } = this.options;
    await this.client.createAccount({
      termsOfServiceAgreed: true,
      ...(email !== undefined && { contact: [`mailto:${email}`] }),
    });
    let order = await this.createOrder(request);
    await this.authorize(order);
    order = await this.settled(
      () => this.client.getOrder(order),
      ({ status }) => status === 'pending',
    );
    if (order.status !== 'ready') throw problemOf(order.error, `the order is ${order.status}`);
    await request.beforeFinalize();
    order = await this.client.finalizeOrder(order, request.signingRequest);
    order = await this.settled(
      () => this.client.getOrder(order),
      ({ status }) => status === 'ready' || status === 'processing',
    );
    if (order.status !== 'valid') throw problemOf(order.error, `the order is ${order.status}`);
    return this.client.getCertificate(order);
  }

  private async createOrder({ names, replaces }: OrderRequest): Promise<acme.Order> {
    const { profile } = this.options;
    const { meta, renewalInfo } = await this.directory();
    if (profile !== undefined) checkProfile(profile, asRecord(meta).profiles);
    const wanted = {
      identifiers: names.map((value) => ({ type: 'dns', value })),
      ...(profile !== undefined && { profile }),
    };
    if (replaces === undefined || typeof renewalInfo !== 'string') return this.client.createOrder(wanted);
    const withReplaces: typeof wanted = Object.assign({ replaces }, wanted);
    try {
      return await this.client.createOrder(withReplaces);
    } catch (error) {
      // Replaced already, of another account, unknown: that is about the predecessor and not about this order.
      const about = ['alreadyReplaced', 'malformed', 'unauthorized', 'notFound', 'conflict', 'serverInternal'];
      if (!(error instanceof AcmeProblem) || !about.includes(error.type)) throw error;
      return this.client.createOrder(wanted);
    }
  }

  private async authorize(order: acme.Order): Promise<void> {
    for (const { identifier, status, challenges } of await this.client.getAuthorizations(order)) {
      if (status !== 'pending') continue;
      const challenge = challenges.find(({ type }) => type === 'http-01');
      if (challenge === undefined) {
        throw new AcmeProblem('noHttpChallenge', `the authority offers no HTTP-01 challenge for ${identifier.value}`);
      }
      await this.client.completeChallenge(challenge);
    }
    const all = await this.settled(
      () => this.client.getAuthorizations(order),
      (authorizations) => authorizations.some(({ status }) => status === 'pending'),
    );
    const refused = all.find(({ status }) => status !== 'valid');
    if (refused === undefined) return;
    const { error } = refused.challenges.find((challenge) => challenge.error !== undefined) ?? {};
    throw problemOf(error, `${refused.identifier.value} is ${refused.status}`);
  }

  /** Looks again, at the authority's pace, until there is something else. */
  private async settled<T>(read: () => Promise<T>, waiting: (value: T) => boolean): Promise<T> {
    for (;;) {
      this.lastRetryAfter = undefined;
      const value = await read();
      if (!waiting(value)) return value;
      const wait = Math.min(Math.max(this.lastRetryAfter ?? PACE.usual, PACE.least), PACE.most);
      if (this.clock.now() + wait > this.options.deadline) {
        throw new AcmeProblem('slow', 'the authority has not decided within the time of this run');
      }
      await this.clock.sleep(wait);
    }
  }

  private async directory(): Promise<Readonly<Record<string, unknown>>> {
    return asRecord((await acme.axios.get<unknown>(this.options.directoryUrl)).data);
  }

  private takeTransport(): void {
    const { rootCertificate, deadline } = this.options;
    const { defaults, interceptors } = acme.axios;
    Object.assign(defaults, {
      maxRedirects: 0,
      maxContentLength: RESPONSE_BYTES,
      proxy: false,
      timeout: REQUEST_TIMEOUT,
      // One for all connections: it takes reading a hundred and forty certificates.
      httpsAgent: new Agent({
        keepAlive: true,
        secureContext:
          rootCertificate === undefined
            ? undefined
            : createSecureContext({ ca: [...rootCertificates, rootCertificate] }),
      }),
    });
    Object.assign(defaults.headers.common, { 'User-Agent': 'voicegate' });
    interceptors.response.clear();
    interceptors.response.use(undefined, (error: unknown) => {
      const { response, message } = error as { response?: unknown; message?: string };
      const { status, data, headers } = asRecord(response) as {
        status?: number;
        data?: unknown;
        headers?: Readonly<Record<string, unknown>>;
      };
      if (status === undefined) {
        throw new AcmeProblem('connection', `${new URL(this.options.directoryUrl).host}: ${message || 'no answer'}`);
      }
      const now = this.clock.now();
      if (now > deadline) throw new AcmeProblem('slow', 'the authority took more than the time of this run');
      this.lastRetryAfter = retryAfter(headers?.['retry-after'], now);
      // acme-client takes another nonce.
      if (status < 400 || String(asRecord(data).type).endsWith(':badNonce')) return response;
      throw problemOf(data, `answer ${status}`, this.lastRetryAfter);
    });
  }
}

function checkProfile(profile: string, offered: unknown): void {
  const names = Object.keys(asRecord(offered));
  if (names.includes(profile)) return;
  throw new AcmeProblem(
    'profile',
    `the authority does not offer the profile "${profile}"; it offers ${names.join(', ') || 'none'}`,
  );
}
