import { createServer } from 'node:net';
import { Problem } from './problem.mjs';

/** Whether the ports can be had, asked before anything that takes long. */
export async function checkPorts({ httpPort, httpsPort }) {
  await checkPort('--http-port', httpPort);
  await checkPort('--https-port', httpsPort);
}

function checkPort(flag, port) {
  if (port === 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => {
      const why =
        error.code === 'EADDRINUSE'
          ? 'is taken by another program'
          : error.code === 'EACCES'
            ? 'needs rights that you do not have'
            : `cannot be used (${error.message})`;
      reject(new Problem(`Port ${port} ${why}: give another one with ${flag} (0: any free one).`));
    });
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(resolve));
  });
}
