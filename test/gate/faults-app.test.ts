import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../support/free-port';
import type { GateContainers } from './support/gate';
import { gateWorld } from './support/gate-world';
import { call, newKey, raw, withKey } from './support/http';

const { app, lambda, gateForTest, containersForTest, stopAppForTest } = gateWorld();

const master = (gate: GateContainers) => Number(readFileSync(join(gate.directory, 'nginx.pid'), 'utf8'));
const workersOf = (gate: GateContainers) =>
  readFileSync(`/proc/${master(gate)}/task/${master(gate)}/children`, 'utf8').trim();

/** Alone it may have all places; those without a key leave one. */
const KEY = newKey();
const ask = (gate: GateContainers) => call(gate.url, '/x', withKey(KEY));
const line = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\nX-API-Key: ${KEY}\r\n`;

/** All places are free again: as many requests as there are places pass at once. */
async function expectAllPlacesFree(gate: GateContainers, places: number): Promise<void> {
  app.reset();
  app.handler = async (_, response) => {
    await sleep(200);
    response.end('ok');
    return true;
  };
  const statuses = async () =>
    (await Promise.all(Array.from({ length: places }, () => ask(gate)))).map(({ status }) => status);
  await expect.poll(statuses).toEqual(Array(places).fill(200));
}

/** The status, and whether it came over a connection that was used before. */
function askOver(agent: Agent, gate: GateContainers): Promise<readonly [status: number, isKept: boolean]> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ port: gate.port, path: '/static/x', agent }, (response) => {
      response.resume().on('end', () => resolve([response.statusCode ?? 0, request.reusedSocket]));
    });
    request.on('error', reject);
    request.end();
  });
}

describe('an app', () => {
  it('that is not up yet: 502, and health is red, so that no load balancer sends anybody', async () => {
    await stopAppForTest();
    const gate = containersForTest();
    await gate.init();
    await gate.start();
    await expect.poll(() => gate.health()).toBe(503);
    const answer = await call(gate.url, '/tts', withKey(newKey()));
    expect([answer.status, answer.json().error]).toEqual([502, 'Bad Gateway']);
    await app.listen();
    await gate.ready();
    expect((await call(gate.url, '/tts', withKey(newKey()))).status).toBe(200);
  });

  it('that crashes: its client sees an answer that breaks off, the next are 502, and all goes on with the app', async () => {
    const port = await freePort();
    const program = `require('http').createServer((q, s) => {
      if (q.url === '/crash') { s.writeHead(200, { 'content-length': 1000 }); s.write('half'); setTimeout(() => process.exit(9), 50); }
      else s.end('fine'); }).listen(${port}, '127.0.0.1')`;
    let child: ChildProcess | undefined;
    const start = () => {
      child = spawn(process.execPath, ['-e', program], { stdio: 'ignore' });
    };
    start();
    onTestFinished(() => void child?.kill('SIGKILL'));
    const gate = await gateForTest({ limits: { inFlight: 4, queue: 0 } }, { upstreamPort: port });
    const before = workersOf(gate);
    for (let round = 0; round < 3; round++) {
      const exited = once(child as ChildProcess, 'exit');
      const broken = await Promise.all(
        Array.from({ length: 4 }, () => raw(gate.url, `${line('/crash')}Connection: close\r\n\r\n`)),
      );
      await exited;
      for (const text of broken) expect(text).toMatch(/^HTTP\/1\.1 (200 OK[\s\S]*\r\n\r\nhalf|502 )/);
      expect(broken.some((text) => text.endsWith('half'))).toBe(true);
      expect((await ask(gate)).status).toBe(502);
      start();
      await expect.poll(async () => (await ask(gate)).status).toBe(200);
    }
    expect(workersOf(gate)).toBe(before);
    // No place was lost to a request that broke off.
    const last = await Promise.all(Array.from({ length: 4 }, () => ask(gate)));
    expect(last.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });

  it('that hangs: 504 after the longest time of a request, and its places are free again', async () => {
    const gate = await gateForTest({ longestRequest: 1, limits: { inFlight: 4, queue: 0 } });
    app.handler = () => true;
    const answers = await Promise.all(Array.from({ length: 5 }, () => ask(gate)));
    expect(answers.map(({ status }) => status).sort()).toEqual([503, 504, 504, 504, 504]);
    await expectAllPlacesFree(gate, 4);
  });

  it('that stops amid its answer: the client is not left waiting for ever', async () => {
    const gate = await gateForTest({ longestRequest: 1, limits: { inFlight: 2, queue: 0 } });
    app.handler = (_, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('half');
      return true;
    };
    const text = await raw(gate.url, `${line('/x')}\r\n`);
    expect(text).toMatch(/half$/);
    await expectAllPlacesFree(gate, 2);
  });

  it('that is busy is never unhealthy, however long', async () => {
    const gate = await gateForTest({ limits: { inFlight: 2, queue: 0 } });
    app.handler = async (_, response) => {
      await sleep(2500);
      response.end();
      return true;
    };
    const busy = [ask(gate), ask(gate)];
    for (let i = 0; i < 4; i++) {
      await sleep(500);
      expect(await gate.health()).toBe(200);
    }
    expect((await Promise.all(busy)).map(({ status }) => status)).toEqual([200, 200]);
  });

  it('whose client has gone gets no more of its time, and its place is free again', async () => {
    const gate = await gateForTest({ limits: { inFlight: 2, queue: 0 } });
    app.handler = () => true;
    const sockets: Socket[] = [];
    for (let i = 0; i < 2; i++) {
      const socket = connect(gate.port, '127.0.0.1', () => socket.write(`${line('/x')}\r\n`));
      sockets.push(socket);
    }
    await expect.poll(() => app.received.length).toBe(2);
    expect((await ask(gate)).status).toBe(503);
    for (const socket of sockets) socket.destroy();
    await expectAllPlacesFree(gate, 2);
  });
});

describe('connections', () => {
  it('that were idle up to the load balancer’s timeout are still served: the load balancer closes first', async () => {
    const gate = await gateForTest({ loadBalancerIdleTimeout: 1 });
    // In the end it does close what nobody uses.
    const start = Date.now();
    const socket = connect(gate.port, '127.0.0.1', () => socket.write('GET /static/x HTTP/1.1\r\nHost: a\r\n\r\n'));
    socket.resume();
    const closed = once(socket, 'close').then(() => Date.now() - start);
    // A little before, at, and well after the load balancer would have closed; the gate keeps them ten seconds longer.
    const afterPause = async (pause: number) => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      onTestFinished(() => agent.destroy());
      expect(await askOver(agent, gate)).toEqual([200, false]);
      await sleep(pause);
      expect(await askOver(agent, gate)).toEqual([200, true]);
    };
    await Promise.all([900, 1000, 1100, 5000, 9500].map(afterPause));
    expect(await closed).toBeGreaterThan(10_000);
  }, 60_000);

  it('that the app closes after each answer, or keeps, cost nobody an answer', async () => {
    const gate = await gateForTest();
    for (const connection of ['close', 'keep-alive']) {
      app.handler = (_, response) => {
        response.writeHead(200, { connection }).end('x');
        return true;
      };
      for (let i = 0; i < 10; i++) {
        expect((await call(gate.url, '/static/x')).status).toBe(200);
        await sleep(i * 5);
      }
    }
  });

  it('that are kept serve one more request when their worker ends, as it might be on its way already', async () => {
    const gate = await gateForTest();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    expect(await askOver(agent, gate)).toEqual([200, false]);
    const before = workersOf(gate);
    process.kill(master(gate), 'SIGHUP');
    await expect.poll(() => workersOf(gate)).not.toBe(before);
    await sleep(500);
    expect(await askOver(agent, gate)).toEqual([200, true]);
    expect(await askOver(agent, gate)).toEqual([200, false]);
    await expect.poll(() => workersOf(gate).split(' ')).toHaveLength(1);
  });

  it('are not dropped by a reload under load, and decisions, limits and places outlive it', async () => {
    const gate = await gateForTest({ workers: 2 });
    const key = newKey();
    expect((await call(gate.url, '/tts', withKey(key))).status).toBe(200);
    app.handler = async (_, response) => {
      await sleep(20);
      response.end('ok');
      return true;
    };
    let running = true;
    const statuses: number[] = [];
    // A connection for each request; what becomes of kept ones is told above.
    const client = async () => {
      while (running) {
        const text = await raw(
          gate.url,
          `GET /tts HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-API-Key: ${key}\r\n\r\n`,
        );
        statuses.push(Number(text.split(' ')[1]));
      }
    };
    const clients = Array.from({ length: 8 }, client);
    const more = (answers: number) => {
      const wanted = statuses.length + answers;
      return expect.poll(() => statuses.length).toBeGreaterThan(wanted);
    };
    for (let i = 0; i < 3; i++) {
      await more(40);
      const old = workersOf(gate);
      process.kill(master(gate), 'SIGHUP');
      await expect.poll(() => workersOf(gate)).not.toBe(old);
    }
    await more(40);
    running = false;
    await Promise.all(clients);
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
    expect(lambda.invocations).toHaveLength(1);
    await expectAllPlacesFree(gate, 16);
  });
});

describe('a worker of nginx that dies', () => {
  it('is replaced, and what all workers know is still known', async () => {
    const gate = await gateForTest({ workers: 2 });
    const key = newKey();
    expect((await call(gate.url, '/tts', withKey(key))).status).toBe(200);
    const [victim = ''] = workersOf(gate).split(' ');
    process.kill(Number(victim), 'SIGKILL');
    await expect
      .poll(
        () =>
          workersOf(gate)
            .split(' ')
            .filter((id) => id !== victim).length,
      )
      .toBe(2);
    for (let i = 0; i < 10; i++) {
      const text = await raw(
        gate.url,
        `GET /tts HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-API-Key: ${key}\r\n\r\n`,
      );
      expect(text.slice(0, 12)).toBe('HTTP/1.1 200');
    }
    expect(lambda.invocations).toHaveLength(1);
    expect(await gate.health()).toBe(200);
  });
});

describe('a resolver', () => {
  it('that is gone lets nobody new in, and is asked again when it is back', async () => {
    const gate = containersForTest({ authorizer: { timeout: 1000 } }, { lambdaUrl: 'http://lambda.voicegate.test:9' });
    const file = join(gate.directory, 'resolv.conf');
    // Nobody listens there.
    writeFileSync(file, 'nameserver 127.0.0.1\n');
    expect(await gate.init({ VOICEGATE_RESOLV_CONF: file })).toMatchObject({ code: 0 });
    await gate.start();
    await gate.ready();
    const before = workersOf(gate);
    const answers = await Promise.all(Array.from({ length: 4 }, () => call(gate.url, '/tts', withKey(newKey()))));
    for (const answer of answers) {
      expect([answer.status, answer.json().error]).toEqual([503, 'Service Unavailable']);
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    }
    // What needs no authorizer works.
    expect((await call(gate.url, '/static/x')).status).toBe(200);
    expect(workersOf(gate)).toBe(before);
  });
});

describe('a container that is stopped', () => {
  it('turns red first, serves what comes meanwhile, lets all in flight finish, and ends well within its time', async () => {
    const gate = await gateForTest({ drainDelay: 1, longestRequest: 5 });
    const key = newKey();
    app.handler = async (received, response) => {
      if (received.url === '/tts') await sleep(2500);
      response.end('spoken');
      return true;
    };
    const inFlight = Array.from({ length: 6 }, () => call(gate.url, '/tts', withKey(key)));
    await expect.poll(() => app.received.length).toBe(6);
    gate.signal('SIGTERM');
    await expect.poll(() => gate.health()).toBe(503);
    expect((await call(gate.url, '/static/late')).status).toBe(200);
    const answers = await Promise.all(inFlight);
    expect(answers.map(({ status, body }) => [status, body])).toEqual(Array(6).fill([200, 'spoken']));
    expect(await gate.exited()).toBe(0);
    expect(gate.stderr).not.toMatch(/exited on signal|\[alert\]/);
  });
});
