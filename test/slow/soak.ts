/**
 * A long run at half capacity with faults injected: every answer is checked against a model, and the memory of nginx's
 * workers is read now and then. By hand: `npx tsx test/slow/soak.ts [minutes] [calm]`; it prints what was
 * counted and the wrong decisions. `calm`: no faults and no reloads, so that only a leak can make memory grow.
 */

import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { App } from '../gate/support/app';
import { buildGate, gateOptions } from '../gate/support/bundle';
import { startGate } from '../gate/support/gate';
import { newKey } from '../gate/support/http';
import { allow, deny, functionError, HANG, LambdaEndpoint, RawAnswer, RESET } from '../gate/support/lambda-endpoint';
import { Model, type SoakKey } from './soak/model';
import { processes, signalMaster } from './soak/processes';

const MINUTES = Number(process.argv[2] ?? 20);
const CALM = process.argv[3] === 'calm';
const HOST = 'soak.example.com';
/** Milliseconds of work and places: what the app can take is the quotient. */
const WORK = 20;
const IN_FLIGHT = 8;
const TTL = 5;
const NEGATIVE_TTL = 2;
const GRACE = 20;
const RATE = (IN_FLIGHT * 1000) / WORK / 2;

/** Milliseconds in which the rate is reached: at first each key is new to the gate, and each connection to be made. */
const RAMP = 5000;

/** How many requests are to be sent within so many milliseconds from the start. */
function dueAfter(elapsed: number): number {
  const ramped = elapsed < RAMP ? elapsed ** 2 / (2 * RAMP) : elapsed - RAMP / 2;
  return (ramped * RATE) / 1000;
}

interface Reply {
  readonly status: number;
  readonly body: string;
  readonly cookie: string;
}

const agent = new Agent({ keepAlive: true, maxSockets: 200 });

function send(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>>,
  method = 'GET',
  body?: string,
  abortAfter?: number,
): Promise<Reply | undefined> {
  return new Promise((resolve) => {
    const request = httpRequest(
      { host: '127.0.0.1', port, path, method, agent, timeout: 40_000, headers: { host: HOST, ...headers } },
      (response) => {
        let text = '';
        response.on('data', (data) => {
          text += data;
        });
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            body: text,
            cookie: response.headers['set-cookie']?.[0]?.split(';')[0] ?? '',
          }),
        );
        response.on('error', () => resolve(undefined));
      },
    );
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(undefined));
    if (abortAfter !== undefined) setTimeout(() => request.destroy(), abortAfter);
    request.end(body);
  });
}

async function main(): Promise<void> {
  const bundle = await buildGate();
  const [app, lambda] = await Promise.all([App.start(), LambdaEndpoint.start()]);
  const options = gateOptions({
    workers: 2,
    webSession: { lifetime: 43_200 },
    longestRequest: 3,
    authorizer: { positiveTtl: TTL, negativeTtl: NEGATIVE_TTL, staleGrace: GRACE, timeout: 500 },
    limits: {
      inFlight: IN_FLIGHT,
      queue: 64,
      invocations: 64,
      requestsPerMinute: 1e6,
      synthesisPerMinute: 1e6,
      missesPerMinute: 1e6,
    },
  });
  const gate = await startGate(bundle.packGate, options, {
    upstreamPort: app.port,
    lambdaUrl: lambda.url,
    env: { VOICEGATE_SESSION_SECRET: 'a-secret-of-the-soak-0123456789abcdefghijklm' },
  });

  const model = new Model({ ttl: TTL, negativeTtl: NEGATIVE_TTL, grace: GRACE });
  const keys: SoakKey[] = Array.from({ length: 300 }, (_, index) => {
    const text = newKey();
    return model.add({
      text,
      keyId: text.split('_')[1] ?? '',
      revoked: index % 10 === 9,
      paths: index % 7 === 0 ? ['/only/*'] : undefined,
    });
  });
  const random = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)] as T;

  let authorizerFault: (() => unknown | Promise<unknown>) | undefined;
  lambda.behaviour = async ({ event }) => {
    lambda.invocations.length = 0;
    const fault = authorizerFault;
    if (fault !== undefined) {
      const answer = await fault();
      if (answer !== undefined) return answer;
    }
    const key = model.find(String(event.identitySource[0]));
    if (key === undefined || key.revoked) return deny(401, NEGATIVE_TTL);
    return allow({ principal: key.keyId, keyId: key.keyId, ...(key.paths && { paths: key.paths }) }, TTL);
  };

  let appFault: 'none' | 'reset' | 'half' | 'hang' | 'error' = 'none';
  app.handler = async (received, response) => {
    app.received.length = 0;
    const fault = appFault !== 'none' && Math.random() < 0.3 ? appFault : 'none';
    if (fault === 'hang') return true;
    await sleep(WORK);
    if (fault === 'reset') response.socket?.destroy();
    else if (fault === 'half') {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('half');
      setTimeout(() => response.destroy(), 5);
    } else if (fault === 'error') response.writeHead(500).end('broken');
    else
      response.end(
        JSON.stringify({
          keyId: received.headers['x-auth-key-id'] ?? '',
          url: received.url,
          secret: received.headers['x-api-key'] ?? received.headers.cookie ?? '',
        }),
      );
    return true;
  };

  const AUTHORIZER_FAULTS: readonly (readonly [string, () => unknown | Promise<unknown>])[] = [
    ['authorizer slow', async () => void (await sleep(200))],
    ['authorizer hangs', () => HANG],
    ['authorizer 500', () => new RawAnswer(500, '{}')],
    ['authorizer throttled', () => new RawAnswer(429, '{}')],
    ['authorizer malformed', () => ({ isAuthorized: 'true' })],
    ['authorizer error', () => functionError('broken')],
    ['authorizer resets', () => RESET],
  ];

  const injected: Record<string, number> = {};
  const ended = Date.now() + MINUTES * 60_000;
  const running = () => Date.now() < ended;

  async function injectFaults(): Promise<void> {
    for (let round = 0; running(); round++) {
      await sleep(8000);
      const kind = round % 4;
      const name =
        kind === 0 || kind === 2
          ? (AUTHORIZER_FAULTS[(round / 2) % AUTHORIZER_FAULTS.length] ?? AUTHORIZER_FAULTS[0])?.[0]
          : kind === 1
            ? (['app reset', 'app half', 'app hang', 'app error'] as const)[Math.floor(round / 4) % 4]
            : (['app gone', 'reload'] as const)[Math.floor(round / 4) % 2];
      if (name === undefined) continue;
      injected[name] = (injected[name] ?? 0) + 1;
      if (name.startsWith('authorizer')) {
        authorizerFault = AUTHORIZER_FAULTS.find(([known]) => known === name)?.[1];
        model.authorizerFails(name !== 'authorizer slow');
        await sleep(5000);
        authorizerFault = undefined;
        model.authorizerFails(false);
      } else if (name === 'reload') {
        signalMaster(gate.directory, 'SIGHUP');
      } else if (name === 'app gone') {
        model.appFails(true);
        await app.stop();
        await sleep(2000);
        await app.listen();
        model.appFails(false);
      } else {
        appFault = name.slice(4) as typeof appFault;
        model.appFails(true);
        await sleep(5000);
        appFault = 'none';
        await sleep(3500);
        model.appFails(false);
      }
    }
  }

  async function revoke(): Promise<void> {
    while (running()) {
      await sleep(1000);
      for (let i = 0; i < 3; i++) model.change(random(keys));
    }
  }

  async function oneRequest(): Promise<void> {
    const kind = Math.random();
    const key = random(keys);
    const path = random(['/tts', '/only/this', '/v1/audio/speech', '/voices']);
    const start = Date.now();
    if (kind < 0.02) {
      await send(gate.port, path, { 'X-API-Key': key.text }, 'GET', undefined, Math.random() * 30);
      model.aborted();
    } else if (kind < 0.05) {
      model.check('stranger', undefined, path, start, await send(gate.port, path, { 'X-API-Key': newKey() }));
    } else if (kind < 0.07) {
      model.check('nobody', undefined, path, start, await send(gate.port, path, {}));
    } else if (kind < 0.09) {
      model.check(
        'conflict',
        undefined,
        path,
        start,
        await send(gate.port, path, { 'X-API-Key': key.text, authorization: `Bearer ${newKey()}` }),
      );
    } else if (kind < 0.12) {
      const body = new URLSearchParams({ key: key.text }).toString();
      const headers = { origin: `http://${HOST}`, 'content-type': 'application/x-www-form-urlencoded' };
      const reply = await send(gate.port, '/.voicegate/session', headers, 'POST', body);
      model.check('sign-in', key, undefined, start, reply);
      if (reply?.cookie) key.cookie = reply.cookie;
    } else if (kind < 0.3 && key.cookie !== undefined) {
      model.check('session', key, path, start, await send(gate.port, path, { cookie: `a=1; ${key.cookie}` }));
    } else {
      model.check('key', key, path, start, await send(gate.port, path, { authorization: `Bearer ${key.text}` }));
    }
  }

  const memory: {
    readonly minute: number;
    readonly workers: number;
    readonly megabytes: number;
    readonly files: number;
  }[] = [];

  async function watch(): Promise<void> {
    const start = Date.now();
    while (running()) {
      await sleep(Math.min(30_000, MINUTES * 15_000));
      const { workers, megabytes, files } = processes(gate.directory);
      memory.push({ minute: (Date.now() - start) / 60_000, workers, megabytes, files });
      console.error(
        `${((Date.now() - start) / 60_000).toFixed(1)} min: ${model.total} requests, ${model.wrongDecisions} wrong, unexplained ${JSON.stringify(model.unexplained)}, ${workers} workers, ${megabytes.toFixed(1)} MB, ${files} files`,
      );
    }
  }

  async function load(): Promise<void> {
    const start = Date.now();
    const open = new Set<Promise<void>>();
    let sent = 0;
    while (running()) {
      // A pause of this very program must not become a burst: what is long due is left out.
      const due = dueAfter(Date.now() - start);
      sent = Math.max(sent, Math.floor(due) - 16);
      for (; sent < due; sent++) {
        const one: Promise<void> = oneRequest().finally(() => open.delete(one));
        open.add(one);
      }
      await sleep(5);
    }
    await Promise.all(open);
  }

  await Promise.all([load(), ...(CALM ? [] : [injectFaults()]), revoke(), watch()]);
  gate.signal('SIGTERM');
  const code = await gate.exited();
  const crashed = gate.stderr
    .split('\n')
    .filter((line) => /exited on signal|exited with fatal|\[alert\]|\[emerg\]/.test(line));
  // What the gate itself says about the answers that were wrong.
  const lines = model.wrong.flatMap((text) => {
    const id = text.split(' ').at(-1);
    return id ? gate.stdout.split('\n').filter((line) => line.includes(id)) : [];
  });
  if (lines.length > 0) console.error([...lines, gate.stderr.slice(-2000)].join('\n'));
  const reasons: Record<string, number> = {};
  for (const { status, reason } of gate.lines()) {
    if (Number(status) < 429) continue;
    const name = `${status} ${reason || 'nginx'}`;
    reasons[name] = (reasons[name] ?? 0) + 1;
  }
  const leaked = keys.filter(({ text }) => (gate.stdout + gate.stderr).includes(text.slice(-49))).length;
  console.info(
    JSON.stringify(
      { minutes: MINUTES, rate: RATE, code, ...model.report(), reasons, injected, memory, crashed, leaked },
      null,
      2,
    ),
  );
  await Promise.all([gate.stop(), app.stop(), lambda.stop()]);
  agent.destroy();
  process.exit(model.wrongDecisions > 0 || crashed.length > 0 || leaked > 0 ? 1 : 0);
}

void main();
