import { randomBytes } from 'node:crypto';

/** The X-Amzn-Trace-Id for the target: a new Root, or a new Self before the fields that the client sent. */
export function traceHeader(received: string | undefined, now: Date = new Date()): string {
  const seconds = Math.floor(now.getTime() / 1000)
    .toString(16)
    .padStart(8, '0');
  const id = `1-${seconds}-${randomBytes(12).toString('hex')}`;
  const fields = (received ?? '')
    .split(';')
    .map((field) => field.trim())
    .filter((field) => field !== '' && !/^self=/i.test(field));
  const hasRoot = fields.some((field) => /^root=./i.test(field));
  return [hasRoot ? `Self=${id}` : `Root=${id}`, ...fields].join(';');
}
