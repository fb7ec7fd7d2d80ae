/** What one check of `voicegate doctor` finds. */

import type { Probe } from './probe';

export type Finding =
  | { readonly state: 'ok'; readonly detail: string }
  /** `remedy` is one sentence: what to do. */
  | { readonly state: 'failed'; readonly detail: string; readonly remedy: string }
  /** What cannot be seen from here; no praise. */
  | { readonly state: 'unknown'; readonly detail: string };

export interface Check<Facts> {
  readonly name: string;
  run(facts: Facts): Promise<Finding>;
}

export interface ServiceFacts {
  /** The service as its callers name it, without a path. */
  readonly url: URL;
  /** Where port 80 is: the same host, unless told otherwise. */
  readonly http: URL;
  /** A path that turns text into speech. */
  readonly path: string;
  readonly key?: string;
  /** A well-formed key that no table knows. */
  readonly wrongKey: string;
  readonly probe: Probe;
  /** Milliseconds since the epoch. */
  now(): number;
}

export const ok = (detail: string): Finding => ({ state: 'ok', detail });
export const failed = (detail: string, remedy: string): Finding => ({ state: 'failed', detail, remedy });
export const unknown = (detail: string): Finding => ({ state: 'unknown', detail });

export interface CheckResult {
  readonly name: string;
  readonly finding: Finding;
}

/** One after the other: a service under test is not to be hurried into its limits. */
export async function runChecks<Facts>(checks: readonly Check<Facts>[], facts: Facts): Promise<readonly CheckResult[]> {
  const results: CheckResult[] = [];
  for (const check of checks) {
    const finding = await check
      .run(facts)
      .catch((error: unknown) => failed(reasonOf(error), 'See the checks above this one first.'));
    results.push({ name: check.name, finding });
  }
  return results;
}

/** What went wrong, in the words of the system. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? String(error.code) : '';
  const nested = error instanceof AggregateError ? error.errors.map(reasonOf).join('; ') : '';
  return nested || (code !== '' && !error.message.includes(code) ? `${code} ${error.message}`.trim() : error.message);
}
