export declare function findPython(options?: {
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
}): Promise<{ readonly executable: string; readonly version: string }>;
