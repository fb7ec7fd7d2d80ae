/** Sends bytes, reads answers: no HTTP library that would repair the one or hide the other. */

import { connect } from 'node:net';

export interface Answer {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

export interface Exchange {
  readonly answers: readonly Answer[];
  /** Everything as it came. */
  readonly bytes: string;
  /** Whether the other end closed by itself. */
  readonly closed: boolean;
}

export interface SendOptions {
  readonly port: number;
  readonly bytes: string;
  /** How many answers must come before silence means anything; absent: the other end must close. */
  readonly answers?: number | undefined;
}

/** Milliseconds of silence after which nothing more is expected, and after which what is expected does not come. */
const SILENCE = 300;
const PATIENCE = 20_000;

/** Sends everything at once, then reads until the other end closes, or is silent after the answers that must come. */
export function send({ port, bytes, answers }: SendOptions): Promise<Exchange> {
  return new Promise((resolve) => {
    let received = '';
    const socket = connect({ port, host: '127.0.0.1' });
    const finish = (closed: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ answers: parseAnswers(received), bytes: received, closed });
    };
    const isOwed = () => answers === undefined || parseAnswers(received).length < answers;
    const wait = () => setTimeout(() => finish(false), isOwed() ? PATIENCE : SILENCE);
    let timer = wait();
    socket.setEncoding('latin1');
    socket.on('data', (data: string) => {
      received += data;
      clearTimeout(timer);
      timer = wait();
    });
    // A server that refuses early may reset what is still being sent; what it answered counts.
    socket.on('error', () => finish(true));
    socket.on('close', () => finish(true));
    socket.write(Buffer.from(bytes, 'latin1'));
  });
}

function parseAnswers(bytes: string): readonly Answer[] {
  const answers: Answer[] = [];
  let rest = bytes;
  while (rest.startsWith('HTTP/')) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) break;
    const [line = '', ...lines] = rest.slice(0, end).split('\r\n');
    const status = Number(line.split(' ')[1]);
    const headers = lines.map((text): readonly [string, string] => {
      const colon = text.indexOf(':');
      return [text.slice(0, colon), text.slice(colon + 1).trim()];
    });
    rest = rest.slice(end + 4);
    const value = (name: string) => headers.find(([given]) => given.toLowerCase() === name)?.[1];
    let body = '';
    // No body of an answer here begins like a status line, so that answers to HEAD need not be known as such.
    if (!rest.startsWith('HTTP/')) {
      if (value('transfer-encoding') === 'chunked') {
        const last = rest.indexOf('0\r\n\r\n');
        body = rest.slice(0, last < 0 ? rest.length : last + 5);
      } else {
        body = rest.slice(0, value('content-length') === undefined ? rest.length : Number(value('content-length')));
      }
    }
    rest = rest.slice(body.length);
    if (status >= 200 || status === 101) answers.push({ status, headers, body });
  }
  return answers;
}
