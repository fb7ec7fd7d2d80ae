import type { OrderSettings } from '../../contract/acme';
import { type Ports, type RunResult, run } from './run';

/** The function that orders: target of an hourly schedule, and of whoever invokes it by hand with any other event. */
export function createHandler(settings: OrderSettings, ports: Ports): (event: unknown) => Promise<RunResult> {
  return async (event) => {
    const scheduled =
      typeof event === 'object' &&
      event !== null &&
      'detail-type' in event &&
      event['detail-type'] === 'Scheduled Event';
    const result = await run(settings, !scheduled, ports);
    ports.log(result.result, { detail: result.detail, certificateArn: settings.certificateArn });
    return result;
  };
}
