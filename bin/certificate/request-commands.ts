/** `voicegate certificate request` and `status`. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { CertificateDetail } from '@aws-sdk/client-acm';
import type { Command } from 'commander';
import { resolveAccount, type TargetOptions } from '../aws-target';
import { CommandError, UsageError } from '../command-error';
import { json, withAccount } from '../keys/context';
import type { Terminal } from '../terminal';
import { CertificateManager, validationRecords } from './certificate-manager';
import { readDomainNames } from './domain-names';
import { deployLine, failureText, issuedText, recordsText, requestView } from './presentation';

interface RequestOptions extends TargetOptions {
  readonly json?: boolean;
  readonly wait: boolean;
}

const ARN = /^arn:[a-z-]+:acm:[a-z0-9-]+:\d{12}:certificate\/[\w-]+$/;
/** Seconds. */
const RECORDS_WITHIN = 60;
const RECORDS_PAUSE = 1;
const LONGEST_PAUSE = 10;
const TELL_EVERY = 60;

export function addRequestCommands(certificate: Command, terminal: Terminal): void {
  const waiting = (command: Command) =>
    withAccount(command).option('--no-wait', 'print the DNS records and do not wait until the certificate is issued');
  waiting(
    certificate
      .command('request')
      .description('request a public certificate, whose DNS is anywhere')
      .argument('<name...>', 'domain names, such as tts.example.com'),
  ).action(async (given: string[], options: RequestOptions) => {
    const names = readDomainNames(given);
    const manager = await CertificateManager.open(resolveAccount(options, terminal.env));
    const known = await manager.find(names);
    if (known?.CertificateArn !== undefined && known.Status !== 'ISSUED') {
      terminal.tell(`this was requested ${when(known)}: going on with it\n`);
    }
    await follow(known?.CertificateArn ?? (await manager.request(names)), manager, options, terminal);
  });
  waiting(
    certificate
      .command('status')
      .description('come back to a certificate that was requested')
      .argument('<ARN>', 'as `request` printed it'),
  ).action(async (arn: string, options: RequestOptions) => {
    if (!ARN.test(arn)) {
      throw new UsageError(
        `"${arn}" is no ARN of a certificate; expected arn:PARTITION:acm:REGION:ACCOUNT:certificate/ID`,
      );
    }
    const region = options.region ?? (options.local ? undefined : arn.split(':')[3]);
    const account = resolveAccount({ ...options, ...(region !== undefined && { region }) }, terminal.env);
    await follow(arn, await CertificateManager.open(account), options, terminal);
  });
}

async function follow(
  arn: string,
  manager: CertificateManager,
  options: RequestOptions,
  terminal: Terminal,
): Promise<void> {
  let detail = await withRecords(arn, manager, terminal);
  const pending = () => detail.Status === 'PENDING_VALIDATION';
  if (pending()) {
    // With --json standard output holds one document, printed at the end.
    const text = recordsText(detail);
    if (options.json) terminal.tell(text);
    else terminal.out(text);
  }
  if (pending() && options.wait) detail = await issued(arn, detail, manager, terminal);
  if (!pending() && detail.Status !== 'ISSUED') throw new CommandError(failureText(detail));
  if (options.json) {
    terminal.out(json(requestView(detail, options.local)));
  } else if (pending()) {
    terminal.tell(`\nCome back with: voicegate certificate status ${arn}${options.local ? ' --local' : ''}\n`);
  } else {
    if (options.local) {
      terminal.tell(
        'The local cloud’s ACM issues at once: in AWS you would have got CNAME records for your DNS here.\n',
      );
    }
    terminal.out(issuedText(detail));
    terminal.out(`${deployLine(detail, options.local)}\n`);
  }
}

/** The certificate, when ACM has said by which records it is validated: some seconds after the request. */
async function withRecords(arn: string, manager: CertificateManager, terminal: Terminal): Promise<CertificateDetail> {
  const deadline = terminal.clock() + RECORDS_WITHIN;
  for (;;) {
    const detail = await manager.describe(arn);
    const names = detail.SubjectAlternativeNames ?? [];
    if (detail.Status !== 'PENDING_VALIDATION' || validationRecords(detail).length >= names.length) return detail;
    if (terminal.clock() > deadline) {
      throw new CommandError(
        `ACM has not said within ${RECORDS_WITHIN} s by which records ${arn} is validated; come back with: voicegate certificate status ${arn}`,
      );
    }
    await sleep(RECORDS_PAUSE * 1000);
  }
}

async function issued(
  arn: string,
  first: CertificateDetail,
  manager: CertificateManager,
  terminal: Terminal,
): Promise<CertificateDetail> {
  terminal.tell(
    `\nWaiting until ACM has seen the records: minutes after they are in DNS. It gives up 72 hours after the request.\nCtrl-C ends the waiting, not the request; come back with: voicegate certificate status ${arn}\n`,
  );
  const began = terminal.clock();
  let told = began;
  let detail = first;
  let validated = -1;
  while (detail.Status === 'PENDING_VALIDATION') {
    const records = validationRecords(detail);
    const done = records.filter(({ status }) => status === 'SUCCESS').length;
    const now = terminal.clock();
    if (done !== validated || now - told >= TELL_EVERY) {
      const missing = records.filter(({ status }) => status !== 'SUCCESS').map(({ domain }) => domain);
      terminal.tell(
        `${done} of ${records.length} names validated, ${Math.round(now - began)} s; waiting for ${missing.join(', ')}\n`,
      );
      validated = done;
      told = now;
    }
    // At first somebody may have been quick.
    await sleep(Math.min(LONGEST_PAUSE, 1 + (now - began) / 10) * 1000);
    detail = await manager.describe(arn);
  }
  return detail;
}

function when({ CreatedAt }: CertificateDetail): string {
  return CreatedAt === undefined ? 'before' : `on ${CreatedAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
