import type { HealthCheck } from '@aws-sdk/client-ecs';

/** Seconds between checks until the first success: sooner than `interval`, so that a start need not wait for it. */
const FIRST_INTERVAL = 1;

export interface HealthSettings {
  readonly command: readonly string[];
  /** Seconds. */
  readonly interval: number;
  readonly timeout: number;
  readonly startPeriod: number;
  readonly retries: number;
}

/** A container's health check with the defaults of ECS; undefined if it has none. */
export function healthSettings(check: HealthCheck | undefined): HealthSettings | undefined {
  const [kind, ...rest] = check?.command ?? [];
  if (check === undefined || kind === undefined || kind === 'NONE') return undefined;
  const command =
    kind === 'CMD-SHELL' ? ['/bin/sh', '-c', rest.join(' ')] : kind === 'CMD' ? rest : ['/bin/sh', '-c', kind];
  return {
    command,
    interval: check.interval ?? 30,
    timeout: check.timeout ?? 5,
    startPeriod: check.startPeriod ?? 0,
    retries: check.retries ?? 3,
  };
}

/**
 * Runs checks until aborted. Unhealthy is a container that has not answered within its start period and as many
 * intervals as it has retries, or whose check has failed that many times in a row afterwards.
 */
export async function watchHealth(
  settings: HealthSettings,
  probe: () => Promise<boolean>,
  onChange: (healthy: boolean) => void,
  signal: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + (settings.startPeriod + settings.interval * settings.retries) * 1000;
  let healthy: boolean | undefined;
  let failures = 0;
  while (!signal.aborted) {
    await pause(healthy === undefined ? Math.min(FIRST_INTERVAL, settings.interval) : settings.interval, signal);
    if (signal.aborted) return;
    const passed = await probe();
    failures = passed ? 0 : failures + 1;
    const now = passed ? true : judge(healthy, failures >= settings.retries, Date.now() > deadline);
    if (now !== healthy && now !== undefined && !signal.aborted) onChange(now);
    healthy = now;
  }
}

function judge(before: boolean | undefined, tooMany: boolean, late: boolean): boolean | undefined {
  if (before === undefined) return late ? false : undefined;
  return before && !tooMany;
}

/** Waits some seconds, or until aborted. */
export function pause(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, seconds * 1000);
    signal.addEventListener('abort', done, { once: true });
  });
}
