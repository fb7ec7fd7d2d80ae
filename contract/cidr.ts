/** IP addresses and networks, IPv4 and IPv6, without any host API (both the gate and Lambda use them). */

export interface Cidr {
  /** 4 or 16 bytes. */
  readonly bytes: readonly number[];
  readonly prefixLength: number;
}

/** The bytes of an address (4 for IPv4, 16 for IPv6; an IPv4-mapped IPv6 address counts as IPv4), or undefined. */
export function parseAddress(text: string): readonly number[] | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

/**
 * A network such as `192.0.2.0/24` or `2001:db8::/32`; a bare address is a network of one. A network of IPv4-mapped
 * addresses counts as IPv4 and needs a length of at least 96: a shorter one would mean more than it could match.
 */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/');
  const addressText = slash < 0 ? text : text.slice(0, slash);
  const address = parseAddress(addressText);
  if (address === undefined) return undefined;
  const bits = address.length * 8;
  if (slash < 0) return { bytes: address, prefixLength: bits };
  const lengthText = text.slice(slash + 1);
  if (!/^(0|[1-9]\d{0,2})$/.test(lengthText)) return undefined;
  const mapped = address.length === 4 && addressText.includes(':');
  const prefixLength = Number(lengthText) - (mapped ? 96 : 0);
  return prefixLength < 0 || prefixLength > bits ? undefined : { bytes: address, prefixLength };
}

export function cidrContains(cidr: Cidr, addressText: string): boolean {
  const address = parseAddress(addressText);
  if (address === undefined || address.length !== cidr.bytes.length) return false;
  for (let bit = 0; bit < cidr.prefixLength; bit += 8) {
    const index = bit >> 3;
    const width = Math.min(8, cidr.prefixLength - bit);
    const mask = (0xff << (8 - width)) & 0xff;
    if (((address[index] ?? 0) & mask) !== ((cidr.bytes[index] ?? 0) & mask)) return false;
  }
  return true;
}

/** The name under which a client is counted: its IPv4 address, or the /64 network of its IPv6 address. */
export function clientNetwork(addressText: string): string | undefined {
  const bytes = parseAddress(addressText);
  if (bytes === undefined) return undefined;
  if (bytes.length === 4) return bytes.join('.');
  return bytes
    .slice(0, 8)
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
}

/**
 * The name under which is counted what a client could do from as many networks as it likes: the IPv4 address, or the /48
 * of IPv6, which providers give to one customer. `network` is what {@link clientNetwork} gave.
 */
export function clientSite(network: string): string {
  return network.length === 16 ? network.slice(0, 12) : network;
}

function parseIpv4(text: string): readonly number[] | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  const bytes: number[] = [];
  for (const part of parts) {
    // Leading zeros are refused: some parsers read them as octal, and then two programs see two addresses.
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    bytes.push(Number(part));
  }
  return bytes;
}

function parseIpv6(text: string): readonly number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? '', true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 2 ? missing < 2 : missing !== 0) return undefined;
  const bytes = [...head, ...new Array<number>(missing).fill(0), ...tail];
  const mapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  return mapped ? bytes.slice(12) : bytes;
}

function parseGroups(text: string, last: boolean): readonly number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [index, group] of groups.entries()) {
    if (last && index === groups.length - 1 && group.includes('.')) {
      const ipv4 = parseIpv4(group);
      if (ipv4 === undefined) return undefined;
      bytes.push(...ipv4);
    } else {
      if (!/^[0-9A-Fa-f]{1,4}$/.test(group)) return undefined;
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    }
  }
  return bytes;
}
