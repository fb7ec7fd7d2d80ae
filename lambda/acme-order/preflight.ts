import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { CHALLENGE_PATH } from '../../contract/acme';

/** What is looked up and called. */
export interface Network {
  readonly resolver: {
    resolve4(name: string): Promise<string[]>;
    resolve6(name: string): Promise<string[]>;
  };
  /** 80, wherever an authority asks. */
  readonly httpPort: number;
}

export interface Destination {
  readonly loadBalancerDnsName: string;
  /** Thumbprint of the account's key. */
  readonly thumbprint: string;
}

type Look = { readonly kind: 'here' | 'unreachable' } | { readonly kind: 'elsewhere'; readonly said: string };

/** Addresses of one name that are called at most. */
const ADDRESSES = 16;
const TIMEOUT = 10_000;
/** Bytes of an answer that are read: a token and a thumbprint take a third. */
const ANSWER_BYTES = 512;
/** A Lambda function has no way to IPv6 addresses. */
const NO_IPV6 = ['ENETUNREACH', 'EHOSTUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT'];

/**
 * Asks every address of each name what the authority is going to ask, so that a wrong record costs no failed validation.
 * @returns of each name that does not lead to the load balancer, what is wrong and what to do
 */
export async function namesElsewhere(
  names: readonly string[],
  destination: Destination,
  network: Network,
): Promise<ReadonlyMap<string, string>> {
  const ours = resolve('AAAA', destination.loadBalancerDnsName, network).catch(() => []);
  const found = await Promise.all(
    names.map(async (name) => [name, await wrongAt(name, destination, network, ours)] as const),
  );
  return new Map(found.flatMap(([name, wrong]) => (wrong === undefined ? [] : [[name, wrong]])));
}

async function wrongAt(
  name: string,
  destination: Destination,
  network: Network,
  ours: Promise<readonly string[]>,
): Promise<string | undefined> {
  const goal = destination.loadBalancerDnsName;
  let a: readonly string[];
  let aaaa: readonly string[];
  try {
    [a, aaaa] = await Promise.all([resolve('A', name, network), resolve('AAAA', name, network)]);
  } catch (error) {
    return `The name servers of ${name} do not answer (${codeOf(error)}); they must say that ${name} is a CNAME or alias of ${goal}.`;
  }
  if (a.length + aaaa.length === 0) {
    return `${name} has no address: give it a CNAME record (for the domain itself an alias or ANAME record) that points to ${goal}.`;
  }
  const look = (address: string) => ask(name, address, destination.thumbprint, network.httpPort);
  for (const address of a) {
    const seen = await look(address);
    if (seen.kind === 'elsewhere') {
      return `${name} leads elsewhere: its A record ${address} ${seen.said}; replace it by a CNAME (or alias) record that points to ${goal}, or switch a proxy before it off.`;
    }
    if (seen.kind === 'unreachable') {
      return `${name} cannot be reached: its A record ${address} has no way from here; replace it by a CNAME (or alias) record that points to ${goal}.`;
    }
  }
  for (const address of aaaa) {
    const seen = await look(address);
    if (seen.kind === 'here' || (seen.kind === 'unreachable' && (await ours).includes(address))) continue;
    const said = seen.kind === 'elsewhere' ? seen.said : 'is not one of the load balancer';
    return `${name} leads elsewhere over IPv6: its AAAA record ${address} ${said}; remove that record, point it to ${goal}, or switch a proxy before it off.`;
  }
  return undefined;
}

/** Addresses of a name; none when there is no such record. */
async function resolve(type: 'A' | 'AAAA', name: string, { resolver }: Network): Promise<readonly string[]> {
  try {
    const addresses = await (type === 'A' ? resolver.resolve4(name) : resolver.resolve6(name));
    return addresses.slice(0, ADDRESSES);
  } catch (error) {
    if (['ENOTFOUND', 'ENODATA'].includes(codeOf(error))) return [];
    throw error;
  }
}

/** One challenge as an authority asks it, with a token that nobody gave out. Redirects are not followed. */
function ask(name: string, address: string, thumbprint: string, port: number): Promise<Look> {
  const token = randomBytes(32).toString('base64url');
  return new Promise((settle) => {
    const elsewhere = (said: string) => settle({ kind: 'elsewhere', said });
    const call = request({
      host: address,
      port,
      path: CHALLENGE_PATH + token,
      headers: { host: name, 'user-agent': 'voicegate' },
      agent: false,
      signal: AbortSignal.timeout(TIMEOUT),
    });
    call.on('response', (response) => {
      let text = '';
      response.setEncoding('latin1').on('data', (part: string) => {
        text += part;
        if (text.length > ANSWER_BYTES) response.destroy();
      });
      response.on('error', () => undefined);
      response.on('close', () => {
        const { statusCode } = response;
        if (statusCode === 200 && text.trim() === `${token}.${thumbprint}`) settle({ kind: 'here' });
        else elsewhere(statusCode === 200 ? 'gives another answer' : `answers with status ${statusCode}`);
      });
    });
    call.on('error', (error) => {
      const code = codeOf(error);
      if (NO_IPV6.includes(code)) settle({ kind: 'unreachable' });
      else
        elsewhere(
          error.name === 'AbortError' || error.name === 'TimeoutError'
            ? 'does not answer'
            : `does not answer (${code})`,
        );
    });
    call.end();
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
