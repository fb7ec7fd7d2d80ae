import type { Progress } from './progress.mjs';

/** The folder of the project, with a slash at its end. */
export declare const root: string;
export interface PrepareOptions {
  readonly progress: Progress;
  /** @default false */
  readonly development?: boolean;
  readonly signal: AbortSignal;
}

export declare function prepare(options: PrepareOptions): Promise<void>;
export declare function installPackages(options: PrepareOptions): Promise<void>;
export declare function buildBundles(): Promise<void>;
