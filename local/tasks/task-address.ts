import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import type { ContainerDefinition } from '@aws-sdk/client-ecs';

const TRIES = 20;

/**
 * An unused address of 127.64.0.0/10 for one task, as a task in AWS has a network interface of its own. Random, so that
 * several local clouds do not meet; checked by listening on each port that the task is going to use.
 */
export async function freeTaskAddress(ports: readonly number[], taken: ReadonlySet<string>): Promise<string> {
  for (let i = 0; i < TRIES; i += 1) {
    const address = `127.${randomInt(64, 128)}.${randomInt(0, 256)}.${randomInt(1, 255)}`;
    if (taken.has(address)) continue;
    const free = await Promise.all((ports.length > 0 ? ports : [0]).map((port) => canListen(address, port)));
    if (free.every(Boolean)) return address;
  }
  throw new Error(`no free loopback address for a task with ports ${ports.join(', ')} after ${TRIES} tries`);
}

function canListen(address: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRNOTAVAIL') {
        reject(
          new Error(
            `this system cannot listen on ${address}: each task needs a loopback address of its own within 127.64.0.0/10, ` +
              'which Linux offers; on other systems run the local cloud in a Linux virtual machine',
          ),
        );
      } else if (error.code === 'EACCES') {
        reject(new Error(`this user may not listen on port ${port}, which the task definition asks for`));
      } else {
        resolve(false);
      }
    });
    server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** The ports that a task definition names: its mappings, and `host:port` of its own in the environment. */
export function portsOf(definitions: readonly ContainerDefinition[]): number[] {
  const mapped = definitions.flatMap(({ portMappings = [] }) =>
    portMappings.map(({ containerPort }) => containerPort ?? 0),
  );
  const named = definitions.flatMap(({ environment = [] }) =>
    environment.map(({ value = '' }) =>
      Number(/^(?:0\.0\.0\.0|127\.0\.0\.1|localhost):(\d{1,5})$/.exec(value)?.[1] ?? 0),
    ),
  );
  return [...new Set([...mapped, ...named])].filter((port) => port > 0 && port < 65536);
}
