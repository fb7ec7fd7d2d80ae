export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** @default 10 minutes */
  readonly timeoutMs?: number;
  /** Ends the program, and it gets two seconds to end well. */
  readonly signal?: AbortSignal;
  readonly onLine?: (line: string) => void;
  /** `only`: standard error is dropped. @default output */
  readonly stdout?: 'output' | 'only';
}

export interface CommandResult {
  /** `null`: it was ended by a signal or could not be started. */
  readonly status: number | null;
  readonly output: string;
}

export declare function runCommand(
  command: string,
  args: readonly string[],
  options?: CommandOptions,
): Promise<CommandResult>;

export declare function saysNoNetwork(output: string): boolean;
