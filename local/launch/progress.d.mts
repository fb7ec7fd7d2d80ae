/** What a long step calls with what it is doing just now. */
export type Update = (detail: string) => void;

export interface Progress {
  /** Shows `label` with the elapsed time while `work` lasts, and how long it took. */
  step<T>(label: string, work: (update: Update) => Promise<T>): Promise<T>;
  /** A line that stays, above the line that is rewritten. */
  log(text: string): void;
  /** `text` in an ANSI colour (`'32'`), or as it is where colours are not wanted. */
  paint(code: string, text: string): string;
  close(): void;
}

export declare function createProgress(options: {
  readonly stream: NodeJS.WriteStream | (NodeJS.WritableStream & { isTTY?: boolean; columns?: number });
  readonly env?: NodeJS.ProcessEnv;
  readonly now?: () => number;
  /** Milliseconds between two lines about one step, where lines cannot be rewritten. @default 5000 */
  readonly lineEvery?: number;
}): Progress;

export declare function seconds(milliseconds: number): string;
