import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { processTree, readParents } from './process-tree.js';

export interface ListeningSocket {
  readonly address: string;
  readonly port: number;
  /** The command of a process that holds it. */
  readonly command: string;
}

/** Every TCP socket on which a process or one that it has started listens; none where there is no /proc. */
export function listeningSockets(pid: number): readonly ListeningSocket[] {
  const owners = new Map<string, string>();
  for (const each of processTree([pid], readParents())) {
    try {
      const command = readFileSync(`/proc/${each}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      for (const fd of readdirSync(`/proc/${each}/fd`)) {
        const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${each}/fd/${fd}`))?.[1];
        if (inode !== undefined) owners.set(inode, command);
      }
    } catch {
      // It ended just now.
    }
  }
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) =>
    read(file)
      .split('\n')
      .slice(1)
      .flatMap((line) => {
        const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
        const command = owners.get(inode);
        if (state !== '0A' || command === undefined) return [];
        const [address = '', port = ''] = local.split(':');
        return [{ address: readable(address), port: Number.parseInt(port, 16), command }];
      }),
  );
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** From the kernel's words of 32 bits, each in the machine's order. */
function readable(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => [...Buffer.from(word, 'hex')].reverse());
  if (bytes.length === 4) return bytes.join('.');
  return bytes.every((byte, i) => byte === (i === 15 ? 1 : 0)) ? '::1' : Buffer.from(bytes).toString('hex');
}
