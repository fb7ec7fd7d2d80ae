export declare class Problem extends Error {
  readonly exitCode: number;
  constructor(message: string, exitCode?: number);
}
