/** `voicegate doctor`: tries a service from outside and, with a stack, from inside. The acceptance test of a deployment. */

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { formatApiKey, generateApiKey } from '../../contract/api-key';
import { GATE_IMAGE_TAG } from '../../contract/names';
import { resolveTarget, type TargetOptions } from '../aws-target';
import { CommandError, NotFoundError, UsageError } from '../command-error';
import { json, withStack } from '../keys/context';
import type { Terminal } from '../terminal';
import { ANSWER_CHECKS } from './answer-checks';
import { type CheckResult, runChecks, type ServiceFacts } from './check';
import { DEPLOYMENT_CHECKS, resourcesOf } from './deployment-checks';
import { doctorTable } from './presentation';
import { Probe } from './probe';
import { REACH_CHECKS } from './reach-checks';
import { TLS_CHECKS } from './tls-checks';

interface DoctorOptions extends TargetOptions {
  readonly ca?: string;
  readonly http?: string;
  readonly path: string;
  readonly json?: boolean;
}

/** What strangers can see. */
export const SERVICE_CHECKS = [...REACH_CHECKS, ...TLS_CHECKS, ...ANSWER_CHECKS];

export function addDoctorCommand(program: Command, terminal: Terminal): void {
  withStack(
    program
      .command('doctor')
      .argument('<URL>', 'the service, such as https://tts.example.com')
      .description('try a service from outside, and with --stack from inside; a table with a remedy for each fault'),
  )
    .option('--ca <file>', 'PEM of a certificate or authority to trust besides the well-known ones')
    .option('--http <URL>', 'where port 80 is, if not on the same host')
    .option('--path <path>', 'a path that turns text into speech', '/tts')
    .addHelpText(
      'after',
      `
A key comes from VOICEGATE_KEY or from standard input, never as an argument. What cannot be checked is marked with "?".
Exit code: 1 with any fault.

Examples:
  voicegate doctor https://tts.example.com --stack Voicegate < key.txt
  VOICEGATE_KEY=vg_… voicegate doctor https://127.0.0.1:8443 --http http://127.0.0.1:8080 --ca .voicegate/ca/ca.pem --local`,
    )
    .action((url: string, options: DoctorOptions) => doctor(url, options, terminal));
}

async function doctor(given: string, options: DoctorOptions, terminal: Terminal): Promise<void> {
  const url = readUrl('URL', given, ['https:']);
  const facts: ServiceFacts = {
    url,
    http: options.http === undefined ? plain(url) : readUrl('--http', options.http, ['http:']),
    path: readPath(options.path),
    key: await readKey(terminal),
    wrongKey: formatApiKey(generateApiKey(randomBytes)),
    probe: new Probe(options.ca === undefined ? undefined : readCa(options.ca)),
    now: () => terminal.clock() * 1000,
  };
  const results: CheckResult[] = [...(await runChecks(SERVICE_CHECKS, facts))];
  if (options.stack !== undefined || options.local) {
    const { config, stack = '' } = resolveTarget(options, terminal.env);
    const resources = await resourcesOf(config, stack);
    results.push(
      ...(await runChecks(DEPLOYMENT_CHECKS, {
        config,
        stack,
        resources,
        gateImage: `nginx:${GATE_IMAGE_TAG}`,
        now: facts.now,
      })),
    );
  }
  const faults = results.filter(({ finding }) => finding.state === 'failed').length;
  terminal.out(
    options.json
      ? json({ url: url.origin, faults, checks: results.map(({ name, finding }) => ({ name, ...finding })) })
      : doctorTable(results),
  );
  if (faults > 0) throw new CommandError(`${faults} of ${results.length} checks failed`);
}

function readUrl(what: string, text: string, protocols: readonly string[]): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const plainOrigin = url !== undefined && url.username === '' && url.pathname === '/' && url.search === '';
  if (url === undefined || !plainOrigin || !protocols.includes(url.protocol)) {
    throw new UsageError(
      `${what} must be ${protocols[0]}//HOST, with a port if need be and without a path, got "${text}"`,
    );
  }
  return url;
}

function plain(url: URL): URL {
  return new URL(`http://${url.hostname}`);
}

function readPath(text: string): string {
  if (!/^\/[!-~]{0,255}$/.test(text)) throw new UsageError(`--path must begin with /, got "${text}"`);
  return text;
}

function readCa(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new NotFoundError(
      `cannot read ${file}: ${error instanceof Error && 'code' in error ? error.code : 'unknown error'}`,
    );
  }
  if (!text.includes('-----BEGIN CERTIFICATE-----')) throw new UsageError(`--ca: ${file} holds no certificate in PEM`);
  return text;
}

async function readKey(terminal: Terminal): Promise<string | undefined> {
  const given = terminal.env.VOICEGATE_KEY ?? (await terminal.readAll?.()) ?? '';
  const key = given.trim();
  if (key === '') return undefined;
  if (!/^[!-~]{1,16384}$/.test(key)) throw new UsageError('the key must be one word of printable ASCII');
  return key;
}
