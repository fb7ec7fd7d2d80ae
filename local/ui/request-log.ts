import type { RequestLine } from '../contracts.js';
import type { Progress } from '../launch/progress.mjs';

/** How long a request's line waits for the gate's own line about it, which has the key id. */
const JOIN_WITHIN = 400;
const FORGET_AFTER = 10_000;

/** Prints one line a request: time, client, method, path, status, who answered and why, key id, latency. */
export class RequestLog {
  private readonly keyIds = new Map<string, string>();
  private readonly waiting = new Map<string, () => void>();

  constructor(private readonly progress: Pick<Progress, 'log' | 'paint'>) {}

  /** A request that the edge has answered. */
  request(line: RequestLine): void {
    const trace = line.traceId && traceRoot(line.traceId);
    if (!trace || line.keyId !== undefined) {
      this.print(line, line.keyId);
      return;
    }
    const known = this.keyIds.get(trace);
    if (known !== undefined) {
      this.keyIds.delete(trace);
      this.print(line, known);
      return;
    }
    const print = (): void => {
      clearTimeout(timer);
      this.waiting.delete(trace);
      this.print(line, this.keyIds.get(trace));
      this.keyIds.delete(trace);
    };
    const timer = setTimeout(print, JOIN_WITHIN);
    this.waiting.set(trace, print);
  }

  /** A line of a container: the gate's own, in JSON, tells the key id of a trace. */
  containerLine(text: string): void {
    const found = gateLine(text);
    if (!found) return;
    this.keyIds.set(found.trace, found.keyId);
    setTimeout(() => this.keyIds.delete(found.trace), FORGET_AFTER).unref();
    this.waiting.get(found.trace)?.();
  }

  private print(line: RequestLine, keyId: string | undefined): void {
    const { paint, log } = this.progress;
    const time = line.time.toTimeString().slice(0, 8);
    const color = line.status >= 500 ? '31' : line.status >= 400 ? '33' : '32';
    log(
      [
        paint('2', time),
        line.client,
        line.method,
        printable(line.path),
        paint(color, String(line.status)),
        line.why,
        keyId ? `key ${printable(keyId)}` : '-',
        paint('2', `${line.milliseconds < 10 ? line.milliseconds.toFixed(1) : Math.round(line.milliseconds)} ms`),
      ].join(' '),
    );
  }
}

/** `Root=1-67891233-abcdef012345678912345678;Self=…` → `1-67891233-abcdef012345678912345678` */
function traceRoot(header: string): string {
  return /(?:^|;)Root=([^;]+)/.exec(header)?.[1] ?? header;
}

function gateLine(text: string): { readonly trace: string; readonly keyId: string } | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    const { traceId, keyId } = JSON.parse(text) as { readonly traceId?: unknown; readonly keyId?: unknown };
    if (typeof traceId !== 'string' || typeof keyId !== 'string') return undefined;
    return { trace: traceRoot(traceId), keyId };
  } catch {
    return undefined;
  }
}

/** What a client chose may not move the cursor or colour the screen. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced.
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '?').slice(0, 200);
}
