import { BlockList, isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cidrContains, clientNetwork, parseAddress, parseCidr } from '../../contract/cidr';

const address = fc.oneof(fc.ipV4(), fc.ipV6());

/** What Node itself thinks, by another implementation (libuv and its block list). */
function nodeContains(network: string, length: number, candidate: string): boolean {
  const list = new BlockList();
  list.addSubnet(network, length, isIP(network) === 6 ? 'ipv6' : 'ipv4');
  return list.check(candidate, isIP(candidate) === 6 ? 'ipv6' : 'ipv4');
}

const isMapped = (text: string) => isIP(text) === 6 && parseAddress(text)?.length === 4;

describe('an address', () => {
  it('is read exactly when Node reads it', () => {
    fc.assert(
      fc.property(fc.oneof(address, fc.stringMatching(/^[0-9a-f:.]{0,20}$/)), (text) => {
        expect(parseAddress(text) !== undefined).toBe(isIP(text) !== 0);
      }),
    );
  });

  it.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '256.1.1.1',
    '1.2.3.4::',
    '::1::',
    ':::',
    '1:2:3:4:5:6:7',
    'fe80::1%eth0',
  ])('is refused when malformed: %j', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  it('counts an IPv4-mapped IPv6 address as IPv4', () => {
    expect(parseAddress('::ffff:192.0.2.1')).toEqual([192, 0, 2, 1]);
    expect(parseAddress('::FFFF:c000:0201')).toEqual([192, 0, 2, 1]);
  });
});

describe('a network', () => {
  it('contains exactly the addresses that Node says it contains', () => {
    const pair = fc.oneof(
      fc.tuple(fc.ipV4(), fc.nat(32), fc.ipV4()),
      fc.tuple(fc.ipV6(), fc.nat(128), fc.ipV6()),
      // Neighbours, so that both answers occur often.
      fc.tuple(fc.ipV4(), fc.nat(32)).map(([ip, length]) => [ip, length, ip.replace(/\d+$/, '7')] as const),
    );
    fc.assert(
      fc.property(pair, ([network, length, candidate]) => {
        fc.pre(!isMapped(network) && !isMapped(candidate));
        const cidr = parseCidr(`${network}/${length}`);
        expect(cidr && cidrContains(cidr, candidate)).toBe(nodeContains(network, length, candidate));
      }),
    );
  });

  it('of a bare address contains that address alone', () => {
    const cidr = parseCidr('2001:db8::1');
    expect(cidr && cidrContains(cidr, '2001:db8:0::1')).toBe(true);
    expect(cidr && cidrContains(cidr, '2001:db8::2')).toBe(false);
  });

  it('of IPv4-mapped addresses is the IPv4 network', () => {
    const cidr = parseCidr('::ffff:192.0.2.0/120');
    expect(cidr).toEqual(parseCidr('192.0.2.0/24'));
    expect(parseCidr('::ffff:192.0.2.0/24')).toBeUndefined();
  });

  it('never contains what is no address, nor the other family', () => {
    for (const text of ['0.0.0.0/0', '::/0']) {
      const cidr = parseCidr(text);
      expect(cidr && cidrContains(cidr, 'nonsense')).toBe(false);
      expect(cidr && cidrContains(cidr, text === '::/0' ? '192.0.2.1' : '2001:db8::1')).toBe(false);
    }
  });

  it.each(['', '/8', '10.0.0.0/', '10.0.0.0/33', '::/129', '10.0.0.0/08', '10.0.0.0/-1', '10.0.0.0/8/8', 'a/8'])(
    'is refused when malformed: %j',
    (text) => {
      expect(parseCidr(text)).toBeUndefined();
    },
  );
});

describe('the network a client is counted under', () => {
  it('is the IPv4 address itself', () => {
    expect(clientNetwork('192.0.2.1')).toBe('192.0.2.1');
    expect(clientNetwork('::ffff:192.0.2.1')).toBe('192.0.2.1');
  });

  it('is one for a whole IPv6 /64 and differs between two', () => {
    expect(clientNetwork('2001:db8:1:2::1')).toBe(clientNetwork('2001:db8:1:2:ffff:ffff:ffff:ffff'));
    expect(clientNetwork('2001:db8:1:2::1')).not.toBe(clientNetwork('2001:db8:1:3::1'));
  });

  it('is none for what is no address', () => {
    expect(clientNetwork('unknown')).toBeUndefined();
  });
});
