import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** Characters after which a line without end is cut, as container runtimes do. */
export const LONGEST_LINE = 16_384;

/** Calls `onLine` for each line of UTF-8 text, without its line end; a last line without one counts. */
export function splitLines(stream: Readable, onLine: (text: string) => void): void {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  const take = (text: string): void => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line.endsWith('\r') ? line.slice(0, -1) : line);
    while (rest.length > LONGEST_LINE) {
      onLine(rest.slice(0, LONGEST_LINE));
      rest = rest.slice(LONGEST_LINE);
    }
  };
  stream.on('data', (chunk: Buffer) => take(decoder.write(chunk)));
  stream.on('error', () => {
    // A broken pipe ends the output; the exit code tells the rest.
  });
  stream.once('close', () => {
    take(decoder.end());
    if (rest !== '') onLine(rest);
    rest = '';
  });
}
