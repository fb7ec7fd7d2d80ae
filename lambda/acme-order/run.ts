import { HOURS_BETWEEN_ORDERS, ORDER_TAGS, type OrderSettings } from '../../contract/acme';
import { CERTIFICATE_METRICS } from '../../contract/certificate-properties';
import { type SecretStore, thumbprint } from '../certificate/account-key';
import { type CertificateFacts, certificateFacts, endsSoon, isIssued } from '../certificate/certificate-facts';
import type { CertificateNotes, CertificateStore } from '../certificate/certificate-store';
import type { Clock } from '../certificate/clock';
import type { CountMetric } from '../certificate/metric-line';
import type { KeyAndCertificate } from '../certificate/self-signed';
import { AcmeProblem } from './acme-problem';
import { Authority } from './authority';
import { certificatesOf } from './issued-chain';
import { type Network, namesElsewhere } from './preflight';
import { ownRenewal, type Renewal } from './renewal';
import { isTurn } from './schedule';
import { signingRequest } from './signing-request';

const HOUR = 3600 * 1000;
/** Of the function's five minutes: what is left is for ACM. */
const TIME_FOR_AN_ORDER = 240_000;

export interface Ports {
  readonly store: Pick<CertificateStore, 'read' | 'replace'> & CertificateNotes;
  readonly secrets: Pick<SecretStore, 'read'>;
  readonly network: Network;
  readonly clock: Clock;
  /** Writes one line about what happened; never a key. */
  readonly log: (message: string, fields?: Readonly<Record<string, unknown>>) => void;
  readonly count: CountMetric;
}

/** What a run came to, in a word and a sentence. */
export interface RunResult {
  readonly result: 'issued' | 'nothing to do' | 'waiting' | 'names elsewhere' | 'order failed' | 'import failed';
  readonly detail: string;
}

/** What a run has found before it asks anybody outside AWS. */
interface Found {
  readonly settings: OrderSettings;
  readonly facts: CertificateFacts;
  readonly issued: boolean;
  /** Wanted names that a valid certificate of an authority covers. */
  readonly covered: readonly string[];
  readonly missing: readonly string[];
  /** When an order was last finalized. Milliseconds since the epoch. */
  readonly orderedAt: number | undefined;
  /** Until when the authority's last word about the renewal holds. Milliseconds since the epoch. */
  readonly renewalKnownUntil: number | undefined;
}

/**
 * One run: nothing, or one order and its import. All that is remembered is the certificate in ACM and its tags; there is
 * no second try inside a run.
 * @param byHand whether somebody asked for it: then it does not wait for its hour
 */
export async function run(settings: OrderSettings, byHand: boolean, ports: Ports): Promise<RunResult> {
  const { certificateArn: arn } = settings;
  const now = ports.clock.now();
  const pem = await ports.store.read(arn);
  if (pem === undefined) throw new Error(`certificate ${arn} does not exist; deploy the stack again`);
  const facts = certificateFacts(pem);
  if (endsSoon(facts, now)) ports.count(arn, CERTIFICATE_METRICS.endsSoon, 1);
  const issued = isIssued(facts, now);
  const wanted = settings.domainNames.map((name) => name.toLowerCase());
  const covered = issued ? wanted.filter((name) => facts.names.includes(name)) : [];
  const missing = wanted.filter((name) => !covered.includes(name));
  const turn = isTurn(now, { arn, complete: missing.length === 0, wantedSince: Number(settings.wantedSince) });
  if (!turn && !byHand) return { result: 'nothing to do', detail: 'not at this hour' };

  const notes = await ports.store.readNotes(arn);
  const waitUntil = timeOf(notes[ORDER_TAGS.waitUntil]);
  if (waitUntil !== undefined && waitUntil > now) {
    return { result: 'waiting', detail: `the authority wants to hear nothing until ${isoTime(waitUntil)}` };
  }
  const orderedAt = timeOf(notes[ORDER_TAGS.orderedAt]);
  const renewalKnownUntil = timeOf(notes[ORDER_TAGS.renewalKnownUntil]);
  const result = await orderIfDue({ settings, facts, issued, covered, missing, orderedAt, renewalKnownUntil }, ports);
  if (result.result !== 'nothing to do' && result.result !== 'waiting') {
    await ports.store.note(arn, { [ORDER_TAGS.result]: tagText(`${isoTime(now)} ${result.result}: ${result.detail}`) });
  }
  return result;
}

async function orderIfDue(found: Found, ports: Ports): Promise<RunResult> {
  const { settings, issued, covered, missing } = found;
  const now = ports.clock.now();
  const accountKey = await ports.secrets.read(settings.accountKeySecretArn);
  if (accountKey === undefined) throw new Error('the secret of the account holds no key; deploy the stack again');
  const authority = new Authority(await authorityOptions(settings, accountKey, now, ports), ports.clock);
  const renewal = issued ? await renewalOf(found, authority, ports) : undefined;
  const due = renewal === undefined || now >= renewal.at;
  if (!due && missing.length === 0) {
    return { result: 'nothing to do', detail: `not to be renewed before ${isoTime(renewal.at)}` };
  }

  const destination = { loadBalancerDnsName: settings.loadBalancerDnsName, thumbprint: thumbprint(accountKey) };
  const elsewhere = await namesElsewhere([...covered, ...missing], destination, ports.network);
  for (const [name, sentence] of elsewhere) ports.log(sentence, { name });
  if (elsewhere.size > 0) ports.count(settings.certificateArn, CERTIFICATE_METRICS.namesElsewhere, elsewhere.size);
  const here = (names: readonly string[]) => names.filter((name) => !elsewhere.has(name));
  const names = here([...covered, ...missing]);
  const kept = here(covered);
  const gained = here(missing);
  const why = [...elsewhere.values()].join(' ');
  if (names.length === 0 || (!due && gained.length === 0)) return { result: 'names elsewhere', detail: why };
  if (kept.length < covered.length && now < lastCall(renewal)) {
    return {
      result: 'names elsewhere',
      detail: `the certificate is not changed as long as it would lose a name: ${why}`,
    };
  }
  const early = tooEarly(found, { kept, gained, now });
  if (early !== undefined) return { result: 'waiting', detail: early };
  return orderAndImport(found, names, authority, ports);
}

/** When it is to be renewed: the authority is asked no oftener than it wants, and what it said holds so long. */
async function renewalOf(found: Found, authority: Authority, { store, clock }: Ports): Promise<Renewal> {
  const { settings, facts, renewalKnownUntil } = found;
  const now = clock.now();
  if (renewalKnownUntil !== undefined && renewalKnownUntil > now)
    return { ...ownRenewal(facts), at: renewalKnownUntil };
  const renewal = await authority.renewal(facts);
  const knownUntil = Math.min(renewal.knownUntil ?? now, renewal.at);
  if (knownUntil > now) {
    await store.note(settings.certificateArn, { [ORDER_TAGS.renewalKnownUntil]: isoTime(knownUntil) });
  }
  return renewal;
}

/** Until then a name that leads elsewhere for a while does not lose its certificate. */
function lastCall(renewal: Renewal | undefined): number {
  return renewal?.until ?? Number.NEGATIVE_INFINITY;
}

/**
 * Why no order may be made, if an order was finalized lately. One that adds names to a certificate that this very order
 * has brought may: names only become more, so it never asks for the same ones twice.
 */
function tooEarly(
  { orderedAt, issued, facts, covered }: Found,
  { kept, gained, now }: { readonly kept: readonly string[]; readonly gained: readonly string[]; readonly now: number },
): string | undefined {
  if (orderedAt === undefined || now - orderedAt >= HOURS_BETWEEN_ORDERS * HOUR) return undefined;
  const brought = issued && facts.notBefore > orderedAt - 2 * HOUR;
  if (brought && kept.length === covered.length && gained.length > 0) return undefined;
  const next = isoTime(orderedAt + HOURS_BETWEEN_ORDERS * HOUR);
  return `the last order was finalized at ${isoTime(orderedAt)}, and the next may be made at ${next}`;
}

async function orderAndImport(
  { settings, facts, issued, orderedAt }: Found,
  names: readonly string[],
  authority: Authority,
  ports: Ports,
): Promise<RunResult> {
  const { certificateArn: arn } = settings;
  const { request, privateKey } = await signingRequest(names);
  let chain: readonly string[];
  try {
    const text = await authority.order({
      names,
      signingRequest: request,
      ...(issued && facts.renewalId !== undefined && { replaces: facts.renewalId }),
      beforeFinalize: async () => {
        const { [ORDER_TAGS.orderedAt]: latest } = await ports.store.readNotes(arn);
        if (timeOf(latest) !== orderedAt) throw new AcmeProblem('otherRun', 'another run has ordered in the meantime');
        await ports.store.note(arn, { [ORDER_TAGS.orderedAt]: isoTime(ports.clock.now()) });
      },
    });
    chain = certificatesOf(text, names);
  } catch (error) {
    if (!(error instanceof AcmeProblem)) throw error;
    ports.count(arn, CERTIFICATE_METRICS.orderFailed, 1);
    if (error.retryAfter !== undefined) {
      await ports.store.note(arn, { [ORDER_TAGS.waitUntil]: isoTime(ports.clock.now() + error.retryAfter) });
    }
    return { result: 'order failed', detail: error.message };
  }
  const [certificate = '', ...others] = chain;
  const imported: KeyAndCertificate = {
    certificate,
    privateKey,
    ...(others.length > 0 && { chain: others.join('') }),
  };
  try {
    if (!(await ports.store.replace(arn, imported))) throw new Error(`certificate ${arn} does not exist`);
  } catch (error) {
    ports.count(arn, CERTIFICATE_METRICS.importFailed, 1);
    // Errors of ACM name what was wrong with the certificate, never the key.
    return { result: 'import failed', detail: error instanceof Error ? `${error.name}: ${error.message}` : 'unknown' };
  }
  const { notAfter } = certificateFacts(certificate);
  return { result: 'issued', detail: `for ${names.join(' ')} until ${isoTime(notAfter)}` };
}

async function authorityOptions(settings: OrderSettings, accountKey: string, now: number, { secrets }: Ports) {
  const { directoryUrl, email, profile, rootCertificate, externalAccount } = settings;
  const options = { directoryUrl, accountKey, email, profile, rootCertificate, deadline: now + TIME_FOR_AN_ORDER };
  if (externalAccount === undefined) return options;
  const hmacKey = await secrets.read(externalAccount.hmacKeySecretArn);
  if (hmacKey === undefined) throw new Error('the secret of the external account holds no key; give it its HMAC key');
  return { ...options, externalAccount: { keyId: externalAccount.keyId, hmacKey: hmacKey.trim() } };
}

function isoTime(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

function timeOf(text: string | undefined): number | undefined {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? undefined : time;
}

/** As a tag may have it: letters, digits, spaces and a few signs, at most 256 characters. */
function tagText(text: string): string {
  return text.replace(/[^\p{L}\p{N} _.:/=+\-@]/gu, '-').slice(0, 256);
}
