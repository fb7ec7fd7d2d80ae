import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asRecord, problemOf, retryAfter } from '../../../lambda/acme-order/acme-problem';
import { certificatesOf } from '../../../lambda/acme-order/issued-chain';
import { type Network, namesElsewhere } from '../../../lambda/acme-order/preflight';
import { ownRenewal, suggestedRenewal } from '../../../lambda/acme-order/renewal';
import { isTurn } from '../../../lambda/acme-order/schedule';
import { certificateFacts } from '../../../lambda/certificate/certificate-facts';
import { issueCertificate } from '../certificate/test-authority';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.parse('2026-11-29T00:00:00Z');
/** A multicast address: Linux says at once that TCP has no way to it. */
const NO_WAY = 'ff02::1';

describe('the hour of six at which a certificate is looked at', () => {
  const hourOf = (arn: string) => {
    const certificate = { arn, complete: true, wantedSince: NOW };
    return Array.from({ length: 24 }, (_, hour) => hour).filter((hour) => isTurn(NOW + hour * HOUR, certificate));
  };

  it('is always the same for one, and spread over all', () => {
    const hours = Array.from({ length: 600 }, (_, index) => hourOf(`arn:aws:acm:eu-west-1:1:certificate/${index}`));
    expect(hours.every((one) => one.length === 4)).toBe(true);
    const first = hours.map(([hour]) => hour);
    // 100 each on average; fewer than 60 in any of six would happen once in 40,000 tries.
    for (let hour = 0; hour < 6; hour += 1) expect(first.filter((one) => one === hour).length).toBeGreaterThan(60);
  });
});

describe('when a certificate is renewed', () => {
  const facts = async (days: number, serialNumber = '2a') => {
    const one = { names: ['a.example.com'], from: NOW, to: NOW + days * DAY, serialNumber };
    return certificateFacts((await issueCertificate(one)).certificate);
  };

  it.each([
    [90, 60],
    [64, 64 - 64 / 3],
    [45, 30],
    [10, 10 - 10 / 3],
    [6, 3],
  ])('of %d days without a word of the authority: after %d days', async (days, after) => {
    expect((ownRenewal(await facts(days)).at - NOW) / DAY).toBeCloseTo(after, 3);
  });

  it('is another moment of the suggested window for each certificate', async () => {
    const window = { start: new Date(NOW + 50 * DAY).toISOString(), end: new Date(NOW + 52 * DAY).toISOString() };
    const serials = Array.from({ length: 20 }, (_, index) => (0x2000 + index).toString(16));
    const moments = await Promise.all(serials.map(async (one) => suggestedRenewal(await facts(90, one), window)?.at));
    expect(moments.every((at = 0) => at >= NOW + 50 * DAY && at < NOW + 52 * DAY)).toBe(true);
    expect(new Set(moments).size).toBe(20);
    expect(Math.max(...moments.map(Number)) - Math.min(...moments.map(Number))).toBeGreaterThan(DAY);
  });

  it('is never so late that no second try is left, whatever is suggested', async () => {
    const window = { start: new Date(NOW + 89.9 * DAY).toISOString(), end: new Date(NOW + 90 * DAY).toISOString() };
    expect(suggestedRenewal(await facts(90), window)?.at).toBe(NOW + 89 * DAY);
  });

  it.each([
    ['end before start', NOW + DAY, NOW],
    ['no time at all', NOW, NOW],
  ])('takes no window with %s', async (_, start, end) => {
    const window = { start: new Date(start).toISOString(), end: new Date(end).toISOString() };
    expect(suggestedRenewal(await facts(90), window)).toBeUndefined();
    expect(suggestedRenewal(await facts(90), { start: 'undefined', end: 'undefined' })).toBeUndefined();
  });
});

describe('what an authority refuses with', () => {
  it('is told in one line with its parts, and no longer than 600 characters', () => {
    const problem = problemOf(
      {
        type: 'urn:ietf:params:acme:error:compound',
        detail: 'several\nnames',
        subproblems: [{ identifier: { value: 'a.example.com' }, detail: 'CAA forbids' }, 'nonsense'],
      },
      'answer 400',
    );
    expect(problem.message).toBe('compound: several names; a.example.com: CAA forbids; : ');
    expect(problemOf('<html>', 'answer 502').message).toBe('refused: answer 502');
    expect(problemOf({ detail: 'x'.repeat(10_000) }, '').message.length).toBeLessThan(620);
    expect(asRecord(null)).toEqual({});
  });

  it.each([
    ['120', 120_000],
    ['0', 0],
    ['Sun, 29 Nov 2026 01:00:00 GMT', HOUR],
    ['Sat, 28 Nov 2026 00:00:00 GMT', 0],
    ['99999999999', 7 * DAY],
    ['soon', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('may say Retry-After: %s', (header, milliseconds) => {
    expect(retryAfter(header, NOW)).toBe(milliseconds);
  });
});

describe('what an authority answers with', () => {
  it('is the certificate first and those that signed it, for all names that were ordered', async () => {
    const [one, two] = await Promise.all(
      ['a.example.com', 'b.example.com'].map((name) =>
        issueCertificate({ names: [name], from: NOW, to: NOW + DAY }).then(({ certificate }) => certificate.trim()),
      ),
    );
    expect(certificatesOf(`${one}\n\n${two}\n`, ['a.example.com'])).toEqual([`${one}\n`, `${two}\n`]);
    expect(() => certificatesOf(`${one}\n`, ['a.example.com', 'c.example.com'])).toThrow(
      'the authority issued a certificate without c.example.com',
    );
    expect(() => certificatesOf('', ['a.example.com'])).toThrow('answered without a certificate');
  });
});

describe('where a name leads', () => {
  const destination = { loadBalancerDnsName: 'lb.example.com', thumbprint: 'print' };
  let elsewhere: Server;
  const paths: string[] = [];

  beforeAll(async () => {
    elsewhere = createServer((request, response) => {
      paths.push(request.headers.host ?? '');
      if (request.headers.host === 'moved.example.com') response.writeHead(301, { location: '/' }).end();
      else if (request.headers.host === 'endless.example.com') {
        const more = () => response.write('x'.repeat(1000), () => response.destroyed || setImmediate(more));
        more();
      } else response.end('parked');
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => {
    elsewhere.closeAllConnections();
    elsewhere.close();
  });

  const look = async (name: string, records: { a?: string[]; aaaa?: string[]; ours?: string[]; code?: string }) => {
    const none = (code: string) => Promise.reject(Object.assign(new Error(code), { code }));
    const network: Network = {
      httpPort: (elsewhere.address() as AddressInfo).port,
      resolver: {
        resolve4: async () => records.a ?? none(records.code ?? 'ENODATA'),
        resolve6: async (asked) => (asked === 'lb.example.com' ? records.ours : records.aaaa) ?? none('ENOTFOUND'),
      },
    };
    return (await namesElsewhere([name], destination, network)).get(name);
  };

  it.each<[string, Parameters<typeof look>[1], string]>([
    ['parked.example.com', { a: ['127.0.0.1'] }, 'its A record 127.0.0.1 gives another answer; replace it by a CNAME'],
    ['moved.example.com', { a: ['127.0.0.1'] }, 'answers with status 301'],
    ['endless.example.com', { a: ['127.0.0.1'] }, 'its A record 127.0.0.1 gives'],
    ['down.example.com', { code: 'ESERVFAIL' }, 'The name servers of down.example.com do not answer (ESERVFAIL)'],
    ['slow.example.com', { code: 'ETIMEOUT' }, 'do not answer (ETIMEOUT)'],
    ['none.example.com', {}, 'none.example.com has no address: give it a CNAME record'],
    ['six.example.com', { aaaa: [NO_WAY], ours: ['2001:db8::2'] }, 'its AAAA record ff02::1 is not one of'],
  ])('%s is told with what is wrong and which record must point where', async (name, records, sentence) => {
    const said = await look(name, records);
    expect(said).toContain(sentence);
    expect(said).toContain('lb.example.com');
  });

  it('takes an IPv6 address that has no way from here for right where it is one of the load balancer’s', async () => {
    expect(await look('dual.example.com', { aaaa: [NO_WAY], ours: [NO_WAY] })).toBeUndefined();
  });
});
