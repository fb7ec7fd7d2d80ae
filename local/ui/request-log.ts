import { maskKeys } from '../../contract/mask.js';
import type { RequestLine } from '../contracts.js';
import type { Progress } from '../launch/progress.mjs';

/** How long a request's line waits for the gate's own line about it, which has the key id. */
const JOIN_WITHIN = 400;
const FORGET_AFTER = 10_000;

/** What the gate's own log line says about one request. */
interface GateLine {
  readonly trace: string;
  /** Public; empty where there was no credential. */
  readonly keyId: string;
  /** Why it refused; undefined where it let the request pass. */
  readonly refusal: string | undefined;
}

/** Prints one line a request: time, client, method, path, status, who answered and why, key id, latency. */
export class RequestLog {
  private readonly known = new Map<string, GateLine>();
  private readonly waiting = new Map<string, () => void>();

  constructor(private readonly progress: Pick<Progress, 'log' | 'paint'>) {}

  /** A request that the edge has answered. */
  request(line: RequestLine): void {
    const trace = line.traceId && traceRoot(line.traceId);
    if (!trace || this.known.has(trace)) {
      this.print(line, trace);
      return;
    }
    const print = (): void => {
      clearTimeout(timer);
      this.waiting.delete(trace);
      this.print(line, trace);
    };
    const timer = setTimeout(print, JOIN_WITHIN);
    this.waiting.set(trace, print);
  }

  /** A line of a container; the gate's own, in JSON, tells what it decided about a trace. */
  containerLine(text: string): void {
    const found = gateLine(text);
    if (!found) return;
    this.known.set(found.trace, found);
    setTimeout(() => this.known.delete(found.trace), FORGET_AFTER).unref();
    this.waiting.get(found.trace)?.();
  }

  private print(line: RequestLine, trace: string | undefined): void {
    const { paint } = this.progress;
    const gate = trace === undefined ? undefined : this.known.get(trace);
    const keyId = line.keyId ?? gate?.keyId;
    const color = line.status >= 500 ? '31' : line.status >= 400 ? '33' : '32';
    this.progress.log(
      [
        paint('2', line.time.toTimeString().slice(0, 8)),
        line.client,
        printable(line.method),
        printable(line.path),
        paint(color, String(line.status)),
        gate?.refusal ? `gate:${printable(gate.refusal)}` : line.why,
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

function gateLine(text: string): GateLine | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    const line = JSON.parse(text) as Readonly<Record<string, unknown>>;
    const { traceId, keyId, decision, reason } = line;
    if (typeof traceId !== 'string' || typeof keyId !== 'string') return undefined;
    const refusal = decision !== 'allow' && typeof reason === 'string' ? reason : undefined;
    return { trace: traceRoot(traceId), keyId, refusal };
  } catch {
    return undefined;
  }
}

/** Before it is masked: what is masked gets shorter. */
const LONGEST = 2000;

/** What a client chose may not hold a key, move the cursor or colour the screen. */
function printable(text: string): string {
  const masked = maskKeys(text.slice(0, LONGEST));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced.
  return masked.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '?').slice(0, 200);
}
