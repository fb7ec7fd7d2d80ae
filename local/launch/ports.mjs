import { createServer } from 'node:net';
import { Problem } from './problem.mjs';

/** Whether the ports can be had, asked before anything that takes long. */
export async function checkPorts({ httpPort, httpsPort }) {
  await checkPort('--http-port', httpPort);
  await checkPort('--https-port', httpsPort);
}

/** On both loopback addresses: `localhost` may mean either. */
async function checkPort(flag, port) {
  if (port === 0) return;
  for (const host of ['127.0.0.1', '::1']) {
    const code = await refusal(host, port);
    if (code === undefined || (host === '::1' && ['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(code))) continue;
    const why = { EADDRINUSE: 'is taken by another program', EACCES: 'needs rights that you do not have' }[code];
    throw new Problem(
      `Port ${port} ${why ?? `cannot be used (${code})`}: give another one with ${flag} (0: any free one).`,
    );
  }
}

function refusal(host, port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve(error.code));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
