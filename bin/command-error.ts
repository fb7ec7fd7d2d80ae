/** How the command line ends. Scripts may rely on these numbers. */
export const EXIT = {
  ok: 0,
  /** AWS refused or did not answer, or somebody said no. */
  failure: 1,
  /** The command line itself is wrong. */
  usage: 2,
  /** The key, table, stack or running local cloud is not there. */
  notFound: 3,
} as const;

/** An error for the person at the terminal: its message says what was given, what is allowed, what to do. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError';

  constructor(
    message: string,
    readonly exitCode: number = EXIT.failure,
  ) {
    super(message);
  }
}

export class UsageError extends CommandError {
  override readonly name = 'UsageError';

  constructor(message: string) {
    super(message, EXIT.usage);
  }
}

export class NotFoundError extends CommandError {
  override readonly name = 'NotFoundError';

  constructor(message: string) {
    super(message, EXIT.notFound);
  }
}
