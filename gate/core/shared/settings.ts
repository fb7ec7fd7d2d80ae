import type { GateOptions } from '../../../contract/gate-options';

/** The options are rendered at synth; the upstream is written by the init container, which reads its environment. */
export interface Settings {
  readonly options: GateOptions;
  /** `host:port` of the app. */
  readonly upstream: string;
}
