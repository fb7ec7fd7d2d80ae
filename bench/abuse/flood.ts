/** Sends requests with unknown but well-formed keys as fast as the gate answers; its result is one line of JSON. */

import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { formatApiKey, generateApiKey } from '../../contract/api-key';

const [port = '', requests = '', addresses = '', connections = ''] = process.argv.slice(2);

/** Addresses of the documentation's and other reserved networks, as the trusted hop would report them. */
const address = (index: number) => `198.18.${(index >> 8) & 255}.${index & 255}`;

let sent = 0;
const statuses: Record<string, number> = {};

function nextRequest(): string | undefined {
  if (sent >= Number(requests)) return undefined;
  const from = address(sent++ % Number(addresses));
  const key = formatApiKey(generateApiKey(randomBytes));
  return `GET /voices HTTP/1.1\r\nHost: bench\r\nX-API-Key: ${key}\r\nX-Forwarded-For: ${from}\r\nX-Forwarded-Proto: https\r\n\r\n`;
}

function count(outcome: string): void {
  statuses[outcome] = (statuses[outcome] ?? 0) + 1;
}

/** One connection after the other, as long as there are requests: the gate ends those of whom it refuses. */
async function run(): Promise<void> {
  while (sent < Number(requests)) await converse();
}

/** The next request goes out when the last one is answered. */
function converse(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1');
    let text = '';
    let waits = false;
    const send = () => {
      const request = nextRequest();
      if (request === undefined) {
        socket.end();
      } else {
        waits = true;
        socket.write(request);
      }
    };
    socket.setNoDelay();
    // A connection that was never made is the end of the flood; `close` tells of any other.
    socket.on('error', (error) => {
      if (socket.bytesWritten === 0) reject(error);
    });
    socket.on('close', () => {
      if (waits) count('no answer');
      resolve();
    });
    socket.on('connect', send);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      const head = text.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
      if (text.length < head + 4 + length) return;
      count(text.slice(9, 12));
      waits = false;
      const last = /\r\nconnection: close\r\n/i.test(text.slice(0, head + 2));
      text = text.slice(head + 4 + length);
      if (last) socket.end();
      else send();
    });
  });
}

const began = performance.now();
Promise.all(Array.from({ length: Number(connections) }, run)).then(
  () => console.log(JSON.stringify({ seconds: (performance.now() - began) / 1000, statuses })),
  (error) => {
    console.error(`flood: ${error instanceof Error ? error.message : error}`);
    process.exit(1);
  },
);
