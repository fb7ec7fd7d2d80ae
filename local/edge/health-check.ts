import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { statusMatches } from './health-state.js';
import type { TargetGroup } from './model.js';

export interface CheckOutcome {
  readonly ok: boolean;
  /** In words. */
  readonly description: string;
}

/** Asks a target once, on a connection of its own. Never rejects. */
export function checkTarget(
  target: { readonly id: string; readonly port: number },
  group: TargetGroup,
  signal: AbortSignal,
): Promise<CheckOutcome> {
  const { path, port, timeout, protocol, matcher } = group.healthCheck;
  const checkedPort = port === 'traffic-port' ? target.port : Number(port);
  const where = `${target.id}:${checkedPort}${path}`;
  return new Promise((resolve) => {
    const failed = (description: string) => resolve({ ok: false, description });
    const options = {
      host: target.id,
      port: checkedPort,
      path,
      agent: false as const,
      headers: { Host: `${target.id}:${checkedPort}`, 'User-Agent': 'ELB-HealthChecker/2.0', Connection: 'close' },
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeout * 1000)]),
    };
    // A load balancer does not verify its targets' certificates.
    const request =
      protocol === 'HTTPS' ? httpsRequest({ ...options, rejectUnauthorized: false }) : httpRequest(options);
    request.on('response', (response) => {
      const status = response.statusCode ?? 0;
      response.resume();
      response.on('error', () => undefined);
      const ok = statusMatches(matcher, status);
      resolve({ ok, description: `${where} answered ${status}${ok ? '' : `, expected ${matcher}`}` });
    });
    request.on('error', (error: NodeJS.ErrnoException) => {
      failed(
        error.name === 'AbortError' || error.name === 'TimeoutError'
          ? `${where} did not answer within ${timeout} s`
          : `${where} failed: ${error.code ?? error.message}`,
      );
    });
    request.end();
  });
}
