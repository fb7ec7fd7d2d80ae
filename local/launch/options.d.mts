export interface StartOptions {
  /** 0: any free port. */
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly stateDirectory: string;
  readonly fresh: boolean;
  readonly context: Readonly<Record<string, string>>;
  /** Seconds. */
  readonly wafDelay: number;
  readonly logs: boolean;
  readonly json: boolean;
  readonly help: boolean;
}

export declare const usage: string;
export declare function parseOptions(args: readonly string[], env?: NodeJS.ProcessEnv): StartOptions;
