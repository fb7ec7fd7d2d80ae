import type { Progress } from './progress.mjs';

/** The folder of the project, with a slash at its end. */
export declare const root: string;
export declare function prepare(options: {
  readonly progress: Progress;
  /** @default false */
  readonly development?: boolean;
  readonly signal: AbortSignal;
}): Promise<void>;
export declare function importTypeScript(path: string): Promise<Record<string, unknown>>;
export declare function buildBundles(): Promise<void>;
