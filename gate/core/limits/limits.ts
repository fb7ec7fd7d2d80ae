/** How often a client, or a key whose plan states a rate, may call. */

import { clientSite } from '../../../contract/cidr';
import type { GateOptions } from '../../../contract/gate-options';
import { type Refusal, refuse } from '../answer/refusal';
import type { CountingDict } from '../shared/dict';
import { giveBack, type Taken, takeFromWindow } from './window';

type ClientLimits = Pick<GateOptions['limits'], 'requestsPerMinute' | 'synthesisPerMinute'>;

const MINUTE = 60_000;
/** Names of the buckets of plans begin so. */
export const PLAN_BUCKET = 'k';

/**
 * Takes one request of the client's network, or tells that there is none left. The synthesis limit first: a request that
 * it refuses does not count for the other.
 */
export function takeClientLimits(
  dict: CountingDict,
  limits: ClientLimits,
  network: string,
  isSynthesis: boolean,
  now: number,
): Refusal | undefined {
  let speech: Taken | undefined;
  if (isSynthesis) {
    speech = takeFromWindow(dict, `s${network}:`, { limit: limits.synthesisPerMinute, length: MINUTE }, now);
    if (!speech.allowed) {
      const limit = `the limit of ${limits.synthesisPerMinute} requests for speech a minute`;
      return { ...refuse(429, 'client-rate', speech.retryAfter), limit };
    }
  }
  const refused = takeOverall(dict, limits, network, now);
  if (refused !== undefined && speech?.slot !== undefined) giveBack(dict, speech.slot);
  return refused;
}

/** How many files of the page a client may fetch for each request that it may make. */
const FILES_PER_REQUEST = 10;

/**
 * Takes one request for a file of the page. They are counted apart from all others: a page is no page without its files,
 * and a class behind one address fetches them once for each browser.
 */
export function takePageFile(
  dict: CountingDict,
  limits: ClientLimits,
  network: string,
  now: number,
): Refusal | undefined {
  const files = FILES_PER_REQUEST * limits.requestsPerMinute;
  const taken = takeFromWindow(dict, `f${network}:`, { limit: files, length: MINUTE }, now);
  if (taken.allowed) return undefined;
  return { ...refuse(429, 'client-rate', taken.retryAfter), limit: `the limit of ${files} files of the page a minute` };
}

/** Takes one request of the client's overall limit: refused ones count for it too, and the gate's own pages. */
export function takeOverall(
  dict: CountingDict,
  limits: ClientLimits,
  network: string,
  now: number,
): Refusal | undefined {
  const all = takeFromWindow(dict, `a${network}:`, { limit: limits.requestsPerMinute, length: MINUTE }, now);
  if (all.allowed) return undefined;
  return {
    ...refuse(429, 'client-rate', all.retryAfter),
    limit: `the limit of ${limits.requestsPerMinute} requests a minute`,
  };
}

/** How many networks of IPv6 one customer of a provider is taken for. */
const NETWORKS_OF_SITE = 10;

/**
 * Takes one look-up of a credential that nobody knows, of the client's network and of the site that it is in, or tells
 * when there is one left. `name` begins the windows' names.
 */
export function takeMiss(
  dict: CountingDict,
  name: string,
  limit: number,
  network: string,
  now: number,
): Taken & { readonly slots: readonly string[] } {
  const taken = takeFromWindow(dict, `${name}${network}:`, { limit, length: MINUTE }, now);
  const slots = taken.slot === undefined ? [] : [taken.slot];
  const site = clientSite(network);
  if (!taken.allowed || site === network) return { ...taken, slots };
  const ofSite = takeFromWindow(dict, `${name}${site}:`, { limit: NETWORKS_OF_SITE * limit, length: MINUTE }, now);
  if (ofSite.slot !== undefined) return { ...taken, slots: [...slots, ofSite.slot] };
  for (const slot of slots) giveBack(dict, slot);
  return { ...ofSite, slots: [] };
}
