export declare class Problem extends Error {
  readonly exitCode: number;
  constructor(message: string, exitCode?: number);
}

export declare function isProblem(error: unknown): error is Problem;
