import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

/** Both addresses of `localhost`; clients differ in which they try first. */
const ADDRESSES = ['127.0.0.1', '::1'] as const;
/** With port 0, the port that is free on one address may be taken on the other. */
const ATTEMPTS = 10;

/** One port on both loopback addresses. */
export interface LoopbackPort {
  readonly port: number;
  /** Accepts no more connections, and ends those that there are. */
  close(): Promise<void>;
}

/**
 * Listens on a port of 127.0.0.1 and, where the machine has IPv6, of ::1.
 * @param port 0: any free one
 * @throws Error naming the port, if it is taken or not permitted
 */
export async function listenOnLoopback(port: number, onConnection: (socket: Socket) => void): Promise<LoopbackPort> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await listenOnBoth(port, onConnection);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? String(error);
      if (port === 0 && code === 'EADDRINUSE' && attempt < ATTEMPTS) continue;
      if (code === 'EADDRINUSE') throw new Error(`Port ${port} is taken: choose another one, or 0 for any free one.`);
      if (code === 'EACCES')
        throw new Error(`Port ${port} needs more rights than this user has: choose one from 1024.`);
      throw error;
    }
  }
}

async function listenOnBoth(port: number, onConnection: (socket: Socket) => void): Promise<LoopbackPort> {
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  const close = async () => {
    const closed = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    for (const socket of sockets) socket.destroy();
    await Promise.all(closed);
  };
  let bound = port;
  for (const host of ADDRESSES) {
    const server = createServer({ noDelay: true }, (socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      // A client that goes away is no error; whoever reads the socket notices.
      socket.on('error', () => undefined);
      onConnection(socket);
    });
    try {
      server.listen({ host, port: bound });
      await once(server, 'listening');
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (host === '::1' && (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT')) continue;
      await close();
      throw error;
    }
    servers.push(server);
    const address = server.address();
    if (address !== null && typeof address === 'object') bound = address.port;
  }
  return { port: bound, close };
}
