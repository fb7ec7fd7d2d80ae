import type { GateOptions } from '../../contract/gate-options';

/**
 * What the program knows about its place. The options are rendered at synth; the rest is written by the init container,
 * which reads its environment.
 */
export interface Settings {
  readonly options: GateOptions;
  /** `host:port` of the app. */
  readonly upstream: string;
  /** Name or ARN of the authorizer function. */
  readonly authorizer: string;
}
