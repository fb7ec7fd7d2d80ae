/** Who the client is, as the trusted proxies in front report it. */

import { clientNetwork, parseAddress } from '../../../contract/cidr';
import { keylessCallerOf } from '../shared/caller';

export interface Client {
  readonly address: string;
  /** Under which the client is counted: the IPv4 address itself, or the IPv6 /64. */
  readonly network: string;
  /** Whom its places are counted for where nobody has a key. */
  readonly caller: number;
  readonly proto: 'http' | 'https';
  /** What the gate itself tells the app about it: header lines. */
  readonly lines: string;
  /** What the log line says of it. */
  readonly logged: string;
}

/**
 * Each trusted proxy appends the address it saw, so with one of them the last entry is the client and every entry before
 * it is the client's own claim. Without a usable entry the peer itself is the client.
 */
export function identifyClient(
  forwardedFor: string | undefined,
  forwardedProto: string | undefined,
  peer: string,
  trustedHops: number,
): Client {
  const entry = trustedHops === 0 ? undefined : nthFromRight(forwardedFor, trustedHops);
  const address = (entry === undefined ? undefined : plainAddress(entry)) ?? plainAddress(peer) ?? peer;
  const given = trustedHops === 0 ? undefined : nthFromRight(forwardedProto, 1)?.toLowerCase();
  const proto = given === 'https' ? 'https' : 'http';
  const network = clientNetwork(address) ?? address;
  return {
    address,
    network,
    caller: keylessCallerOf(network),
    proto,
    lines: `\r\nX-Forwarded-For: ${address}\r\nX-Forwarded-Proto: ${proto}`,
    logged: `,"client":${JSON.stringify(address)}`,
  };
}

function nthFromRight(list: string | undefined, n: number): string | undefined {
  if (list === undefined) return undefined;
  if (n === 1) return list.slice(list.lastIndexOf(',') + 1).trim();
  const entries = list.split(',');
  return entries[entries.length - n]?.trim();
}

/** An address without the port that some proxies append, or undefined when it is none. */
function plainAddress(text: string): string | undefined {
  const bracketed = /^\[([0-9A-Fa-f:.]+)\](?::\d+)?$/.exec(text)?.[1];
  const bare = bracketed ?? (/^[\d.]+:\d+$/.test(text) ? text.slice(0, text.indexOf(':')) : text);
  return parseAddress(bare) === undefined ? undefined : bare;
}
