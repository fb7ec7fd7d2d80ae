/** One line of the gate's log: whether it is wanted, and how it looks on the terminal. */

export interface LogFilter {
  readonly keyId?: string;
  /** `429`, or a class such as `5xx`. */
  readonly status?: string;
}

type Fields = Readonly<Record<string, unknown>>;

/** Lines of the app, and the gate's metrics, are no answers and never wanted. */
export function isWantedLine(message: string, { keyId, status }: LogFilter): boolean {
  const fields = readFields(message);
  if (fields === undefined) return false;
  const given = String(fields.status);
  return (
    (keyId === undefined || fields.keyId === keyId) &&
    (status === undefined || given === status || (status.endsWith('xx') && given[0] === status[0]))
  );
}

/** Time, status, why, method, path, key, client and seconds; what a caller chose cannot move the cursor. */
export function logLine(message: string): string {
  const { time, status, reason, method, path, keyId, client, seconds } = readFields(message) ?? {};
  const text = [time, status, reason || '-', method, path, keyId || '-', client, `${seconds} s`].map(String).join(' ');
  return `${text.replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '?')}\n`;
}

function readFields(message: string): Fields | undefined {
  if (!message.startsWith('{"decision":')) return undefined;
  try {
    return JSON.parse(message) as Fields;
  } catch {
    return undefined;
  }
}
