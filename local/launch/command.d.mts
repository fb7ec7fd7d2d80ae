export interface CommandOptions {
  readonly cwd?: string;
  /** @default process.env */
  readonly env?: NodeJS.ProcessEnv;
  /** @default 10 minutes */
  readonly timeoutMs?: number;
  /** Ends the program, and it gets two seconds to end well. */
  readonly signal?: AbortSignal;
  readonly onLine?: (line: string) => void;
}

export interface CommandResult {
  /** `null`: it was ended by a signal or could not be started. */
  readonly status: number | null;
  /** The last 64 KiB of standard output and standard error. */
  readonly output: string;
  readonly stdout: string;
  /** The system's code where the program could not be started: `ENOENT`, `EACCES`. */
  readonly errorCode?: string;
}

export declare function runCommand(
  command: string,
  args: readonly string[],
  options?: CommandOptions,
): Promise<CommandResult>;

export declare function saysNoNetwork(output: string): boolean;
