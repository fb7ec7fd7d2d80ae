export declare function createStopper(options: {
  /** Called once, with what asked to stop. */
  readonly onStop: (why: string) => void;
  readonly env?: NodeJS.ProcessEnv;
}): {
  readonly signal: AbortSignal;
  /** As a shell tells it for the signal: 130 for SIGINT. */
  exitCode(): number;
};
