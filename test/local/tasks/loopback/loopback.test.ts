import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ContainerProcess } from '../../../../local/tasks/container-process.js';
import { findLoopbackWay, type LoopbackWay, prepareNotes } from '../../../../local/tasks/loopback/index.js';
import { freeTaskAddress } from '../../../../local/tasks/task-address.js';
import { freePort } from '../../../support/free-port.js';
import { eventually, toolsOrSkip } from '../support.js';

const tools = await toolsOrSkip();
const found = tools && (await findLoopbackWay(tools.python));
if (tools && found?.way !== 'notification') {
  if (process.env.CI === 'true') throw new Error(found?.warning);
  console.warn(`skipped, ${found?.warning}`);
}

const PYTHON_SERVERS = ['flask', 'http.server', 'waitress', 'gunicorn', 'uvicorn', 'uvloop'];

describe.skipIf(tools === undefined).each<{ way: LoopbackWay }>([{ way: 'notification' }, { way: 'python-hook' }])(
  'an unmodified app, by $way',
  ({ way }) => {
    const skipped = way === 'notification' && found?.way !== way;
    let folder = '';
    let elsewhere: Server;
    const running: ContainerProcess[] = [];
    const taken = new Set<string>();

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'voicegate-loopback-'));
      elsewhere = createServer((_, response) => response.end('the machine'));
      await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
    });
    afterEach(async () => {
      await Promise.all(running.splice(0).map((process) => process.stop('SIGKILL', 1)));
    });
    afterAll(async () => {
      await new Promise((resolve) => elsewhere?.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    });

    async function start(command: readonly string[], cwd = import.meta.dirname) {
      const python = tools?.python ?? '';
      const address = await freeTaskAddress([], taken);
      taken.add(address);
      const notes = join(folder, address);
      await prepareNotes(notes, address, []);
      const lines: string[] = [];
      const process = new ContainerProcess(
        {
          command,
          env: { PATH: [dirname(python), '/usr/bin', '/bin'].join(delimiter), PYTHONUNBUFFERED: '1' },
          cwd,
          loopback: { way, address, notes },
        },
        { python, onLine: (text) => lines.push(text) },
      );
      running.push(process);
      return { address, lines };
    }
    const serve = (server: string, host: string, port: number, ...rest: readonly string[]) =>
      start(['python', 'servers.py', server, host, String(port), ...rest]);
    const answers = (address: string, port: number) =>
      eventually(
        () =>
          fetch(`http://${address}:${port}/`, { signal: AbortSignal.timeout(2000) }).then(
            (a) => a.ok,
            () => false,
          ),
        `${address}:${port} answers`,
      );

    it.skipIf(skipped).each(PYTHON_SERVERS.flatMap((server) => [`${server} 127.0.0.1`, `${server} 0.0.0.0`]))(
      'answers on its task’s address and nowhere else, in two tasks at once: %s',
      async (words) => {
        const [server = '', host = ''] = words.split(' ');
        const port = await freePort();
        const tasks = await Promise.all([serve(server, host, port), serve(server, host, port)]);
        await Promise.all(tasks.map(({ address }) => answers(address, port)));
        expect(await listens('127.0.0.1', port)).toBe(false);
      },
      60_000,
    );

    it.skipIf(skipped)('reaches itself as 127.0.0.1, and what else this machine offers', async () => {
      const port = (elsewhere.address() as AddressInfo).port;
      const { lines } = await serve('asking', '0.0.0.0', await freePort(), `http://127.0.0.1:${port}/`);
      await eventually(() => lines.includes('elsewhere: the machine'), `what it says: ${lines}`);
      expect(lines.filter((line) => line === 'itself: 200')).toHaveLength(2);
    });

    it.skipIf(skipped)('is given a port by the kernel, and finds itself there', async () => {
      const port = (elsewhere.address() as AddressInfo).port;
      const { lines } = await serve('asking', '127.0.0.1', 0, `http://127.0.0.1:${port}/`);
      await eventually(() => lines.includes('elsewhere: the machine'), `what it says: ${lines}`);
    });

    it.skipIf(skipped)('is told when a port of its task is taken, as it would be elsewhere', async () => {
      const port = await freePort();
      const script = `
import errno, socket
one, two = socket.socket(), socket.socket()
one.bind(('127.0.0.1', ${port})); one.listen()
try: two.bind(('0.0.0.0', ${port}))
except OSError as error: print(errno.errorcode[error.errno])`;
      const { lines } = await start(['python', '-c', script]);
      await eventually(() => lines.includes('EADDRINUSE'), `what it says: ${lines}`);
    });

    it.skipIf(skipped)('listens with IPv6 as in a network of its own', async () => {
      const port = await freePort();
      const script = `
import socket, threading
both = socket.create_server(('::', ${port}), family=socket.AF_INET6, dualstack_ipv6=True)
only = socket.create_server(('::', ${port + 1}), family=socket.AF_INET6)
for host, target in (('127.0.0.1', ${port}), ('::1', ${port}), ('::1', ${port + 1})):
    try: socket.create_connection((host, target), timeout=2); print('reached', host, target - ${port})
    except OSError as error: print(error)
try: socket.create_connection(('127.0.0.1', ${port + 1}), timeout=2)
except OSError: print('refused')
threading.Event().wait()`;
      const { address, lines } = await start(['python', '-c', script]);
      await eventually(() => lines.length >= 4, 'four lines');
      expect(lines).toEqual(['reached 127.0.0.1 0', 'reached ::1 0', 'reached ::1 1', 'refused']);
      expect(await listens(address, port)).toBe(true);
      expect(await listens(address, port + 1)).toBe(false);
    });

    it.skipIf(skipped || way === 'python-hook')('is a server in C: nginx, with its own configuration', async () => {
      const port = await freePort();
      const directory = mkdtempSync(join(folder, 'nginx-'));
      const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
        (name) => `${name}_temp_path ${directory}/${name};`,
      );
      writeFileSync(
        join(directory, 'nginx.conf'),
        `daemon off; error_log stderr; pid ${directory}/pid; events {} http { access_log off; ${temporary.join(' ')}
         server { listen 127.0.0.1:${port}; location / { proxy_pass http://127.0.0.1:${port + 1}; } }
         server { listen 127.0.0.1:${port + 1}; location / { return 200 ok; } } }`,
      );
      const { address } = await start([tools?.nginx ?? '', '-c', join(directory, 'nginx.conf')], directory);
      await answers(address, port);
      expect(await listens('127.0.0.1', port)).toBe(false);
    });
  },
);

function listens(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
