export declare class Problem extends Error {
  readonly exitCode: number;
  constructor(message: string, exitCode?: number);
}

export declare function isProblem(error: unknown): error is Problem;

/** Says that the disk is full, if that is why. */
export declare function diskFull(error: unknown): string | undefined;
