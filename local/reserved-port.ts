import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** Below the ports that Linux gives to clients and to servers that ask for any (`ip_local_port_range`, from 32768). */
const FIRST = 20_000;
const COUNT = 12_000;
const HOST = '127.0.0.1';
/** Whoever listens here means to listen on the same port of `HOST`. */
const RESERVED_AT = '127.3.0.1';

export interface ReservedPort {
  readonly port: number;
  /** For when it is listened on, or not wanted any more; the end of this process does the same. */
  release(): void;
}

/**
 * A free port of 127.0.0.1, for a program that has to be told which one to listen on. Until it listens nobody else is
 * given it: neither by the system, nor by this function, in whatever process.
 * @throws Error if none is free
 */
export async function reservePort(): Promise<ReservedPort> {
  const start = Math.floor(Math.random() * COUNT);
  for (let step = 0; step < COUNT; step++) {
    const port = FIRST + ((start + step) % COUNT);
    const reservation = await listen(RESERVED_AT, port);
    if (reservation === undefined) continue;
    const trial = await listen(HOST, port);
    if (trial !== undefined) {
      await new Promise((resolve) => trial.close(resolve));
      return { port, release: () => void reservation.close() };
    }
    reservation.close();
  }
  throw new Error(`No port from ${FIRST} to ${FIRST + COUNT - 1} is free on ${HOST}.`);
}

/** `undefined` where the port is taken. */
async function listen(host: string, port: number): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy()).unref();
  try {
    await once(server.listen(port, host), 'listening');
    return server;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined;
    throw error;
  }
}
