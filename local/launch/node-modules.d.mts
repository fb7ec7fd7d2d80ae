export declare function isInstalled(root: string): boolean;
export declare function installNodeModules(
  root: string,
  options: { readonly update: (detail: string) => void; readonly signal?: AbortSignal },
): Promise<void>;
export declare function lastLines(output: string, count?: number): string;
