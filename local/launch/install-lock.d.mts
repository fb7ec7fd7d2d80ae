export declare function withLock<T>(
  file: string,
  work: () => Promise<T>,
  options?: {
    /** Called again and again while another process holds the lock. */
    readonly onWait?: (pid: number) => void;
    readonly signal?: AbortSignal;
    /** @default 15 minutes */
    readonly timeoutMs?: number;
  },
): Promise<T>;

/** `written`: `<pid> <startTime(pid)>`. */
export declare function isAlive(written: string): boolean;

export declare function startTime(pid: number): string;
