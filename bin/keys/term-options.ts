/** The options that say what a key may do, for `create` and `update`. */

import type { Command } from 'commander';
import { UsageError } from '../command-error';
import type { TermChanges } from './life-cycle';
import {
  METHODS,
  readCidrs,
  readInstant,
  readMethods,
  readPaths,
  readQuota,
  readRatePlan,
  readScopes,
  readText,
} from './option-values';

export interface TermOptions {
  readonly owner?: string;
  readonly label?: string;
  readonly scope?: readonly string[];
  readonly expires?: string;
  readonly notBefore?: string;
  /** false: `--no-cidr`, the constraint is taken away; likewise below. */
  readonly cidr?: readonly string[] | false;
  readonly path?: readonly string[] | false;
  readonly method?: readonly string[] | false;
  readonly rate?: string | false;
  readonly burst?: string;
  readonly quota?: readonly string[] | false;
}

export function withTerms(command: Command): Command {
  return command
    .option('--label <text>', 'what it is for')
    .option('--scope <scopes...>', 'what it may do')
    .option('--expires <when>', 'from when on it is refused: 30d, 2027-01-31, 2027-01-31T12:00:00Z, never')
    .option('--not-before <when>', 'until when it is refused; now: it is not')
    .option('--cidr <networks...>', 'client networks it may come from, such as 192.0.2.0/24')
    .option('--path <patterns...>', 'paths it may call, such as /tts or /v1/*')
    .option('--method <methods...>', `HTTP methods it may use: ${METHODS.join(', ')}`)
    .option('--rate <number>', 'requests a minute and task, instead of the limits per client address')
    .option('--burst <number>', 'requests at once (default: a sixth of --rate)')
    .option(
      '--quota <limits...>',
      'requests and characters a minute, hour, day or month of the calendar (UTC), such as minute:requests=10',
    );
}

export function withoutTerms(command: Command): Command {
  return command
    .option('--no-cidr', 'it may come from everywhere')
    .option('--no-path', 'it may call every path')
    .option('--no-method', 'it may use every method')
    .option('--no-rate', 'the limits per client address hold')
    .option('--no-quota', 'nothing is counted');
}

/** @throws UsageError naming what is wrong. */
export function readTerms(options: TermOptions, now: number): TermChanges {
  const { owner, label, scope, expires, notBefore, cidr, path, method, rate, burst, quota } = options;
  if (rate === false && burst !== undefined) throw new UsageError('--no-rate and --burst exclude each other');
  return {
    ...(owner !== undefined && { owner: readText('--owner', owner) }),
    ...(label !== undefined && { label: readText('--label', label, 0) }),
    ...(scope !== undefined && { scopes: readScopes(scope) }),
    ...(expires !== undefined && { expiresAt: expires === 'never' ? null : readInstant('--expires', expires, now) }),
    ...(notBefore !== undefined && {
      notBefore: notBefore === 'now' ? null : readInstant('--not-before', notBefore, now),
    }),
    ...(cidr !== undefined && { sourceCidrs: cidr === false ? null : readCidrs(cidr) }),
    ...(path !== undefined && { paths: path === false ? null : readPaths(path) }),
    ...(method !== undefined && { methods: method === false ? null : readMethods(method) }),
    ...(quota !== undefined && { quota: quota === false ? null : readQuota(quota) }),
    ...(rate === false && { plan: null }),
    ...(rate !== false && (rate !== undefined || burst !== undefined) && { plan: readRatePlan(rate, burst) }),
  };
}
