/** `voicegate certificate show`: what a stack's certificate is, and how it stands. */

import { X509Certificate } from 'node:crypto';
import type { CertificateDetail } from '@aws-sdk/client-acm';
import type { Command } from 'commander';
import { ORDER_TAGS } from '../../contract/acme';
import { CERTIFICATE_STACK_TAG, RENEW_BEFORE_DAYS } from '../../contract/certificate-properties';
import { OUTPUTS } from '../../contract/names';
import { describeStack, outputsNamed, resolveTarget, type TargetOptions } from '../aws-target';
import { CommandError, NotFoundError, UsageError } from '../command-error';
import { json, withStack } from '../keys/context';
import { columns } from '../keys/presentation';
import type { Terminal } from '../terminal';
import { CertificateManager } from './certificate-manager';

interface ShowOptions extends TargetOptions {
  readonly json?: boolean;
  readonly pem?: boolean;
}

const DAY = 24 * 3600;

export function addShowCommand(certificate: Command, terminal: Terminal): void {
  withStack(
    certificate.command('show').description("a stack's certificate: origin, names, chain, days left, last order"),
  )
    .option('--pem', 'print the certificate alone, as a file to hand out to callers who are to trust it')
    .action((options: ShowOptions) => show(options, terminal));
}

async function show(options: ShowOptions, terminal: Terminal): Promise<void> {
  if (options.pem && options.json) throw new UsageError('--pem and --json exclude each other');
  const { config, stack: name } = resolveTarget(stackName(options), terminal.env);
  const stack = await describeStack(config, name);
  const [output, ...others] = outputsNamed(stack, OUTPUTS.certificateArn);
  if (output === undefined) {
    throw new NotFoundError(
      `stack ${name} has no output ${OUTPUTS.certificateArn}; in an app of your own, output the property certificateArn of its HttpsLoadBalancer under that name`,
    );
  }
  if (others.length > 0) {
    throw new UsageError(`stack ${name} has ${others.length + 1} certificates; this command shows one`);
  }
  const manager = await CertificateManager.open(config);
  const detail = await manager.describe(output.value);
  if (detail.Status !== 'ISSUED') {
    throw new CommandError(
      `the certificate ${output.value} is ${detail.Status}; see: voicegate certificate status ${output.value}`,
    );
  }
  const { certificate, chain } = await manager.read(output.value);
  if (options.pem) {
    terminal.out(pemText(certificate, chain));
    return;
  }
  const view = viewOf(detail, certificates(`${certificate}\n${chain}`), await manager.tags(output.value), {
    now: terminal.clock(),
    orders: outputsNamed(stack, OUTPUTS.certificateOrderFunctionName).length > 0,
  });
  if (options.json) terminal.out(json(view));
  else terminal.out(detailsText(view));
}

/** @throws UsageError when the options name no stack */
export function stackName<T extends TargetOptions>(options: T): T {
  if (options.stack !== undefined || options.local) return options;
  throw new UsageError('whose certificate? Give --stack NAME (a deployed stack), or --local (the running local cloud)');
}

/** For who trusts a self-signed certificate that is the file; otherwise a file with the whole chain. */
function pemText(certificate: string, chain: string): string {
  return `${[certificate, chain]
    .map((text) => text.trim())
    .filter(Boolean)
    .join('\n')}\n`;
}

function certificates(pem: string): X509Certificate[] {
  const parts = pem.split('-----BEGIN CERTIFICATE-----').slice(1);
  return parts.flatMap((part) => {
    try {
      return [new X509Certificate(`-----BEGIN CERTIFICATE-----${part}`)];
    } catch {
      // The local cloud's ACM issues placeholders.
      return [];
    }
  });
}

type Origin = 'self-signed' | 'certificate authority (ACME)' | 'AWS Certificate Manager' | 'imported';

function viewOf(
  detail: CertificateDetail,
  [leaf, ...chain]: readonly X509Certificate[],
  tags: Readonly<Record<string, string>>,
  { now, orders }: { readonly now: number; readonly orders: boolean },
) {
  const ordered = tags[ORDER_TAGS.result] !== undefined;
  const origin = originOf(detail, leaf, CERTIFICATE_STACK_TAG in tags);
  const end = (leaf ? Date.parse(leaf.validTo) : (detail.NotAfter?.getTime() ?? 0)) / 1000;
  const orderedAt = Date.parse(tags[ORDER_TAGS.orderedAt] ?? '');
  const waitUntil = Date.parse(tags[ORDER_TAGS.waitUntil] ?? '');
  return {
    certificateArn: detail.CertificateArn,
    origin,
    names: detail.SubjectAlternativeNames ?? [],
    ...(leaf && { issuer: oneLine(leaf.issuer), fingerprint256: leaf.fingerprint256 }),
    chain: chain.map(({ subject }) => oneLine(subject)),
    ends: iso(end),
    daysLeft: Math.floor((end - now) / DAY),
    renewal: renewalText(origin, { ordered, orders }, end),
    ...(ordered && { lastResult: tags[ORDER_TAGS.result] }),
    ...(!Number.isNaN(orderedAt) && { lastOrder: iso(orderedAt / 1000) }),
    ...(waitUntil / 1000 > now && { waitUntil: iso(waitUntil / 1000) }),
  };
}

function originOf({ Type }: CertificateDetail, leaf: X509Certificate | undefined, ours: boolean): Origin {
  if (Type !== 'IMPORTED') return 'AWS Certificate Manager';
  if (leaf && leaf.issuer === leaf.subject) return 'self-signed';
  return ours ? 'certificate authority (ACME)' : 'imported';
}

function renewalText(
  origin: Origin,
  { ordered, orders }: { readonly ordered: boolean; readonly orders: boolean },
  end: number,
): string {
  switch (origin) {
    case 'self-signed':
      if (ordered) return 'until the names lead to the load balancer: the last result says what is missing';
      return orders
        ? 'until the names lead to the load balancer, which is looked at every hour; "voicegate certificate order" looks now'
        : `a new key on ${iso(end - RENEW_BEFORE_DAYS * DAY).slice(0, 10)}: callers who trust this file need the new one then`;
    case 'certificate authority (ACME)':
      return 'by the function that ordered it';
    case 'AWS Certificate Manager':
      return 'by ACM, as long as its records stay in DNS';
    case 'imported':
      return 'by hand: import the next one under the same ARN';
  }
}

function detailsText(view: ReturnType<typeof viewOf>): string {
  const rows = Object.entries(view).map(([name, value]) => [
    `${name}:`,
    Array.isArray(value) ? value.join(name === 'chain' ? ' → ' : ' ') || '(none)' : String(value),
  ]);
  return columns(rows);
}

/** Certificates of today often name no subject; Node.js then has none either, whatever its types say. */
function oneLine(distinguishedName: string | undefined): string {
  return (distinguishedName ?? '').split('\n').join(', ') || '(none)';
}

function iso(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}
