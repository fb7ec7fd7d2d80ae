export interface Wanted {
  /** Also what only tests, linters and docs use. @default false */
  readonly development?: boolean;
}

export declare function isInstalled(root: string, wanted?: Wanted): boolean;
export declare function installNodeModules(
  root: string,
  options: Wanted & { readonly update: (detail: string) => void; readonly signal?: AbortSignal },
): Promise<void>;
export declare function lastLines(output: string, count?: number): string;
