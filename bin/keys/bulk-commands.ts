import { createHash } from 'node:crypto';
import { createWriteStream, readFileSync, statSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { CommandError, NotFoundError, UsageError } from '../command-error';
import { type CommonOptions, json, type KeysContext, withTarget } from './context';
import { assertColumns, COLUMNS, type ExchangeRow, fromRow, toCells, toRow } from './exchange-format';
import { ImportReport, type ImportResult } from './import-report';
import type { KeyTable } from './key-table';

type Format = 'csv' | 'json';

const IN_FLIGHT = 10;
/** Read at once; a million keys take about 300 MB. */
const MAX_FILE_BYTES = 400 * 1024 * 1024;
/** Seconds between two lines of progress. */
const PROGRESS_INTERVAL = 2;

export function addBulkCommands(keys: Command, context: KeysContext): void {
  withTarget(keys.command('export').description('all keys with the hashes of their secrets, for `keys import`'))
    .option('--owner <text>', "only this owner's")
    .option('--format <format>', 'json or csv (default: by the ending of --output, else json)')
    .option('--output <file>', 'a new file, instead of standard output')
    .action(async (options: CommonOptions & { owner?: string; format?: string; output?: string }) => {
      const format = readFormat(options.format, options.output);
      const { table } = await context.open(options);
      const source = Readable.from(exportText(table, options.owner, format));
      if (options.output === undefined) await pipeline(source, context.terminal.stream(), { end: false });
      else await writeNewFile(options.output, source);
    });

  withTarget(
    keys
      .command('import')
      .argument('<FILE>', 'CSV or JSON, as `keys export` writes it; -: standard input, with --format'),
  )
    .description('create the keys of a file that holds hashes; keys that are there stay as they are')
    .option('--format <format>', "json or csv (default: by the file's ending)")
    .option('--report <file>', 'what became of each row; an interrupted import goes on by it (default: FILE.report)')
    .action(async (file: string, options: CommonOptions & { readonly format?: string; readonly report?: string }) => {
      const fromInput = file === '-';
      const format = readFormat(options.format, file);
      const name = fromInput ? 'standard input' : file;
      const bytes = fromInput
        ? Buffer.from((await context.terminal.readAll?.('latin1')) ?? '', 'latin1')
        : readBytes(file);
      const rows = await readRows(name, utf8(name, bytes), format);
      tellOfScopes(rows, context);
      const target = await context.open(options);
      const reportFile = options.report ?? (fromInput ? 'keys-import.report' : `${file}.report`);
      const report = new ImportReport(reportFile, target.name);
      const counts = await importRows(rows, target.table, report, context);
      const summary = Object.entries(counts).map(
        ([name, count]) => `${name === 'doneBefore' ? 'done before' : name} ${count}`,
      );
      context.terminal.out(
        options.json ? json({ ...counts, report: reportFile }) : `${summary.join(', ')}; each row: ${reportFile}\n`,
      );
      if (counts.conflict + counts.invalid > 0) {
        throw new CommandError(
          `${counts.conflict + counts.invalid} of ${rows.length} rows were not imported; ${reportFile} says why. Correct the file and run the command again`,
        );
      }
    });
}

type Counts = Record<ImportResult | 'doneBefore', number>;

async function importRows(
  rows: readonly ExchangeRow[],
  table: KeyTable,
  report: ImportReport,
  context: KeysContext,
): Promise<Counts> {
  const counts: Counts = { created: 0, unchanged: 0, conflict: 0, invalid: 0, doneBefore: 0 };
  const now = context.now();
  const started = context.terminal.clock();
  let told = started;
  const tellProgress = () => {
    const at = context.terminal.clock();
    if (at - told < PROGRESS_INTERVAL) return;
    told = at;
    const done = Object.values(counts).reduce((sum, count) => sum + count, 0);
    context.terminal.tell(`${done} of ${rows.length} rows, ${Math.round(at - started)} s\n`);
  };
  // All workers draw from one iterator; the first failure ends them all, and the report knows what is done.
  const queue = rows.entries();
  const work = async () => {
    for (const [index, row] of queue) {
      const digest = createHash('sha256').update(JSON.stringify(row)).digest('hex');
      if (report.isDone(index + 1, digest)) {
        counts.doneBefore++;
        continue;
      }
      const { result, detail } = await importRow(row, table, now);
      report.add({
        row: index + 1,
        digest,
        keyId: typeof row.keyId === 'string' && row.keyId.length < 20 ? row.keyId : '',
        result,
        ...(detail !== undefined && { detail }),
      });
      counts[result]++;
      tellProgress();
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, work));
  return counts;
}

async function importRow(
  row: ExchangeRow,
  table: KeyTable,
  now: number,
): Promise<{ readonly result: ImportResult; readonly detail?: string }> {
  try {
    const result = await table.import(fromRow(row, now));
    return result === 'conflict'
      ? { result, detail: 'the table has another key with this id; it stays as it is' }
      : { result };
  } catch (error) {
    if (error instanceof UsageError) return { result: 'invalid', detail: error.message };
    throw error;
  }
}

function readBytes(file: string): Buffer {
  try {
    if (statSync(file).size > MAX_FILE_BYTES) {
      throw new UsageError(`${file} is larger than ${MAX_FILE_BYTES / 1024 / 1024} MB; split it`);
    }
    return readFileSync(file);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new NotFoundError(
      `cannot read ${file}: ${error instanceof Error && 'code' in error ? error.code : 'unknown error'}`,
    );
  }
}

/** A spreadsheet may write what it calls CSV in an encoding of its own: names would be wrong for ever. */
function utf8(name: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new UsageError(`${name} is not UTF-8; save it as "CSV UTF-8", or convert it`);
  }
}

/** Nothing in a file is nothing granted: whoever left the column out should know before a caller does. */
function tellOfScopes(rows: readonly ExchangeRow[], { terminal }: KeysContext): void {
  const without = rows.filter(({ scopes }) => scopes === undefined || scopes === '' || scopes === null).length;
  if (without === 0) return;
  terminal.tell(
    `${without} of ${rows.length} rows state no scopes: their keys get none, and may not speak (tts:synthesize)\n`,
  );
}

async function readRows(name: string, text: string, format: Format): Promise<readonly ExchangeRow[]> {
  const rows = format === 'csv' ? await readCsv(name, text) : readJson(name, text);
  assertColumns([...new Set(rows.flatMap((row) => Object.keys(row)))]);
  return rows;
}

async function readCsv(file: string, text: string): Promise<readonly ExchangeRow[]> {
  const { parse, CsvError } = await import('csv-parse/sync');
  try {
    return parse(text, { columns: true, bom: true, skip_empty_lines: true }) as readonly ExchangeRow[];
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = 'lines' in error ? `, line ${String(error.lines)}` : '';
    throw new UsageError(`${file} is not valid CSV: ${error.code}${line}`);
  }
}

function readJson(file: string, text: string): readonly ExchangeRow[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message quotes the file.
    throw new UsageError(`${file} is not valid JSON`);
  }
  if (!Array.isArray(value) || !value.every((row) => typeof row === 'object' && row !== null && !Array.isArray(row))) {
    throw new UsageError(`${file} must hold an array of objects, as \`voicegate keys export\` writes it`);
  }
  return value;
}

async function* exportText(table: KeyTable, owner: string | undefined, format: Format): AsyncGenerator<string> {
  if (format === 'csv') {
    const { stringify } = await import('csv-stringify/sync');
    yield stringify([[...COLUMNS]]);
    for await (const record of table.list(owner)) yield stringify([[...toCells(toRow(record))]]);
    return;
  }
  let separator = '[\n';
  for await (const record of table.list(owner)) {
    yield `${separator}${JSON.stringify(toRow(record))}`;
    separator = ',\n';
  }
  yield separator === '[\n' ? '[]\n' : '\n]\n';
}

async function writeNewFile(path: string, source: Readable): Promise<void> {
  try {
    await pipeline(source, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
  } catch (error) {
    if (!(error instanceof Error && 'path' in error && 'code' in error)) throw error;
    const why = error.code === 'EEXIST' ? 'it is there already' : String(error.code);
    throw new CommandError(`cannot write ${path}: ${why}; nothing of it was changed`);
  }
}

function readFormat(given: string | undefined, file: string | undefined): Format {
  const ending = file === undefined ? undefined : /\.(csv|json)$/i.exec(file)?.[1]?.toLowerCase();
  const format = given ?? ending ?? (file === undefined ? 'json' : undefined);
  if (format === 'csv' || format === 'json') return format;
  throw new UsageError(
    given === undefined
      ? `the format of ${file} is not clear from its ending; give --format csv or --format json`
      : `--format must be csv or json, got "${given}"`,
  );
}
