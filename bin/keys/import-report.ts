/**
 * What became of every row of an import, one line of JSON each, written as it happens. An import that was interrupted
 * reads its own report and goes on where it stopped.
 */

import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { UsageError } from '../command-error';

export type ImportResult = 'created' | 'unchanged' | 'conflict' | 'invalid';

export interface ReportLine {
  /** Counted from 1, without a CSV's header. */
  readonly row: number;
  /** SHA-256 of the row as it was read: a row that was changed since is done again. */
  readonly digest: string;
  readonly keyId: string;
  readonly result: ImportResult;
  readonly detail?: string;
}

export class ImportReport {
  private readonly done = new Set<string>();

  /** @param target what the report is about; a report about something else is refused. */
  constructor(
    private readonly file: string,
    target: string,
  ) {
    const [header, ...lines] = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
    if (header === undefined) {
      this.append({ target });
      return;
    }
    const known = parse(header);
    if (known?.target !== target) {
      throw new UsageError(
        `${file} is not the report of an import into ${target}; remove it, or name another file with --report`,
      );
    }
    for (const line of lines) {
      // The last line of an import that was killed may be cut.
      const entry = parse(line);
      if (entry?.result === 'created' || entry?.result === 'unchanged') this.done.add(`${entry.row} ${entry.digest}`);
    }
    appendFileSync(file, '\n');
  }

  isDone(row: number, digest: string): boolean {
    return this.done.has(`${row} ${digest}`);
  }

  add(line: ReportLine): void {
    this.append(line);
  }

  private append(value: object): void {
    appendFileSync(this.file, `${JSON.stringify(value)}\n`, { mode: 0o600 });
  }
}

function parse(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
