import type { ContainerDefinition } from '@aws-sdk/client-ecs';
import { listeningSockets } from './listening.js';

export interface WatchedTask {
  readonly address: string;
  readonly containers: readonly { readonly name: string; readonly pid: number | undefined }[];
}

/**
 * Why a task does not come up, in one sentence, when one of its containers is told of a port on which none of them
 * listens; undefined when each such port has its listener.
 */
export function unanswered(task: WatchedTask, definitions: readonly ContainerDefinition[]): string | undefined {
  const found = task.containers.flatMap(({ name, pid }) =>
    pid === undefined ? [] : listeningSockets(pid).map((socket) => ({ ...socket, name })),
  );
  for (const port of askedPorts(definitions)) {
    if (found.some((socket) => socket.port === port && isTasks(socket.address, task.address))) continue;
    const asking = new Set(definitions.filter((one) => askedPorts([one]).includes(port)).map(({ name }) => name));
    const others = found.filter(({ name }) => !asking.has(name));
    return `nothing answers on 127.0.0.1:${port}; ${others.length === 0 ? 'nothing else listens yet' : listeners(others, task.address, port)}`;
  }
  return undefined;
}

/** The ports of the task itself that the environment of its containers names as an address to call. */
function askedPorts(definitions: readonly ContainerDefinition[]): number[] {
  const ports = definitions.flatMap(({ environment = [] }) =>
    environment.flatMap(({ value = '' }) => /^(?:127\.0\.0\.1|localhost):(\d{1,5})$/.exec(value)?.[1] ?? []),
  );
  return [...new Set(ports.map(Number))];
}

function listeners(
  sockets: readonly { readonly name: string; readonly address: string; readonly port: number }[],
  taskAddress: string,
  wanted: number,
): string {
  const own = sockets.filter(({ address }) => isTasks(address, taskAddress));
  const [first] = own;
  if (first !== undefined) {
    const ports = [...new Set(own.map(({ port }) => port))];
    return `${first.name} listens on ${ports.join(', ')}${ports.length === 1 ? `: say so with -c appPort=${ports[0]}` : ''}`;
  }
  const [other] = sockets;
  if (other?.address.includes(':')) return `${other.name} listens with IPv6 alone, which nothing in the task calls`;
  const where = other?.port === wanted ? 'of this machine, not of its task: let it listen on $HOST' : '';
  return `${other?.name} listens on ${other?.address}:${other?.port} ${where}`.trim();
}

/** The task's address, also as IPv6 writes it. */
function isTasks(address: string, taskAddress: string): boolean {
  const packed = Buffer.from(taskAddress.split('.').map(Number)).toString('hex');
  return address === taskAddress || address === `00000000000000000000ffff${packed}`;
}
