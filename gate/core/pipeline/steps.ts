/** The steps of a visit. One goes on (undefined), answers, or waits for either. */

import { refusal } from '../../../contract/decision';
import { DEFAULT_ROUTE_KEY, type IdentitySource } from '../../../contract/identity-source';
import { textField } from '../../../contract/names';
import { rateLimitFields } from '../answer/rate-limit-fields';
import { type Refusal, type RefusalReason, refuse, refuseSaying } from '../answer/refusal';
import {
  claimedKeyId,
  hasKeyPrefix,
  isWellFormed,
  mayHoldKey,
  QUERY_KEY,
  takeCredential,
} from '../credential/credential';
import { consumedParameters, identityValues, readSources } from '../credential/identity-source';
import {
  type Allowed,
  askAuthorizer,
  cachedDecision,
  deniedBy,
  type Inquiry,
  type Verdict,
} from '../decision/authorize';
import { getAllow } from '../decision/decision-cache';
import { policyAllows } from '../decision/policy';
import { banLeft, noteFailure, noteMalformed, noteRefused } from '../limits/abuse';
import { takeBodyPlaces } from '../limits/body-places';
import { takeToken } from '../limits/bucket';
import { PLAN_BUCKET, takeClientLimits, takeOverall, takePageFile } from '../limits/limits';
import { placeLife } from '../limits/queue';
import { costOf, countsCharacters, ONE_REQUEST, payFor, withLease } from '../quota/metered';
import { meter } from '../quota/metering';
import { brokenRule } from '../quota/text-rules';
import { parameterValues, withoutParameter } from '../request/query';
import { arnOf, authorizerEvent } from './authorizer-event';
import { type Answer, DIVERT } from './step';
import type { SharedPorts, Visit } from './visit';

const PROVEN: readonly RefusalReason[] = ['revoked', 'disabled', 'expired', 'not-yet-valid'];
const NO_BODY = new Uint8Array();

export function stepsOf(shared: SharedPorts) {
  const { options } = shared.settings;
  const { identitySource } = options.authorizer;
  const { textRules } = options;
  const life = placeLife(options);
  const { routeKey = DEFAULT_ROUTE_KEY, stageVariables = {} } = options.authorizer;
  const sources = identitySource === 'credential' ? undefined : readSources(identitySource);
  return { counted, identify, decide, constrain, limit, count, ruled, pay, countBody };

  /** A refused request counts for the client's overall limit, so that guessing is limited too. */
  function counted(visit: Visit, refused: Refusal): Refusal {
    return takeOverall(shared.limits, options.limits, visit.client.network, visit.at) ?? refused;
  }

  /** Finds what identifies the caller, and what of the query remains for the app. */
  function identify(visit: Visit): Answer {
    if (sources !== undefined) return identifyBySources(visit, sources);
    const { given } = visit;
    if (options.queryKey && given !== undefined && mayHoldKey(given)) {
      visit.query = withoutParameter(given, QUERY_KEY) || undefined;
      for (const value of parameterValues(given, QUERY_KEY)) takeCredential(visit, value.trim(), 'query');
    }
    const { scheme, credential } = visit;
    if (visit.isConflict) return counted(visit, refuse(400, 'conflict'));
    // A Bearer scheme without a token is a broken credential, not the lack of one.
    if (scheme === undefined && !visit.hasBearer) return counted(visit, refuse(401, 'missing'));
    const isBroken = scheme === undefined || (scheme !== 'bearer' && !hasKeyPrefix(credential, options.keyPrefix));
    visit.cacheKey = shared.digest(credential);
    return isBroken ? malformed(visit) : undefined;
  }

  /** A foreign authorizer sees the whole request, so its decision may depend on method and path too. */
  function identifyBySources(visit: Visit, sources: readonly IdentitySource[]): Answer {
    const { headers, given: query, method, route, client } = visit;
    const path = route.path ?? '';
    const sourceIp = client.address;
    const values = identityValues(sources, { headers, query, method, path, sourceIp, routeKey, stageVariables });
    for (const parameter of consumedParameters(sources)) {
      if (visit.query !== undefined) visit.query = withoutParameter(visit.query, parameter) || undefined;
    }
    if (values === undefined) return counted(visit, refuse(401, 'missing'));
    visit.values = values;
    // Whatever else it looks like: none but the authorizer can tell.
    visit.scheme = undefined;
    visit.credential = JSON.stringify([...values, method, path]);
    visit.cacheKey = shared.digest(visit.credential);
    return undefined;
  }

  function malformed(visit: Visit): Refusal {
    if (banLeft(shared, visit.client.network) > 0) return banned(visit);
    noteMalformed(visit.ports, visit.client.network, visit.cacheKey);
    return counted(visit, refuse(401, 'malformed'));
  }

  function banned(visit: Visit): Refusal {
    return refuse(429, 'banned', banLeft(shared, visit.client.network));
  }

  function claimed(visit: Visit): string | undefined {
    return claimedKeyId(visit.credential, options.keyPrefix);
  }

  /** By the cache if it knows, else by the authorizer. */
  function decide(visit: Visit): Answer | Promise<Answer> {
    const { cacheKey, credential, scheme } = visit;
    const found = cachedDecision(shared, cacheKey, visit.at);
    if (found !== undefined && 'grant' in found) {
      visit.allow = found;
      visit.cache = 'hit';
      return undefined;
    }
    if (found !== undefined) {
      const isBanned = banLeft(shared, visit.client.network) > 0;
      return isBanned ? banned(visit) : settle(visit, deniedBy(found, 'hit', visit.at));
    }
    return scheme === undefined || isWellFormed(credential, scheme, options.keyPrefix) ? ask(visit) : malformed(visit);
  }

  async function ask(visit: Visit): Promise<Answer> {
    const { ports } = visit;
    return settle(visit, await askAuthorizer(ports, inquiryWithLease(visit), ports));
  }

  /** What is needed to ask the authorizer; not made for those whom the cache knows. */
  function inquiryOf(visit: Visit): Inquiry {
    const { cacheKey, client } = visit;
    const isBanned = banLeft(shared, client.network) > 0;
    return { cacheKey, network: client.network, isBanned, event: (lease) => authorizerEvent(visit, lease) };
  }

  /** Where a grant with a quota has just run out, decision and lease are asked for together. */
  function inquiryWithLease(visit: Visit): Inquiry {
    const inquiry = inquiryOf(visit);
    const grant = getAllow(shared, visit.cacheKey)?.grant;
    if (grant?.quota === undefined || grant.keyId === undefined || refusedBy(visit, grant) !== undefined)
      return inquiry;
    // A body is not read before the authorizer has answered; what it costs is paid from what the key mostly needs.
    if (!visit.hasBody) count(visit);
    const cost = visit.hasBody ? ONE_REQUEST : costOf(grant.quota, visit.metered);
    return 'kind' in cost ? inquiry : withLease(inquiry, grant, cost, visit.ports);
  }

  function settle(visit: Visit, verdict: Verdict): Answer {
    switch (verdict.kind) {
      case 'busy': {
        if (verdict.reason !== 'misses') return refuse(429, verdict.reason, verdict.retryAfter);
        const left = banLeft(shared, visit.client.network);
        if (left > 0) return refuse(429, 'banned', Math.min(left, verdict.retryAfter));
        noteFailure(visit.ports, visit.client.network, claimed(visit));
        return refuse(429, 'misses', verdict.retryAfter);
      }
      case 'failure':
        visit.cache = 'none';
        return refuse(503, 'authorizer', 5);
      case 'deny': {
        const { status, reason, retryAfter, cache } = verdict;
        visit.cache = cache;
        // Of these the authorizer has seen the secret: they are the key's own refusals.
        if (PROVEN.includes(reason)) visit.keyId = claimed(visit) ?? '';
        if (status === 401 && cache === 'miss') noteFailure(visit.ports, visit.client.network, claimed(visit));
        else if (cache === 'wait') noteRefused(visit.ports, visit.client.network);
        return counted(visit, refuse(status, reason, retryAfter));
      }
      case 'allow':
        visit.cache = verdict.cache;
        visit.allow = verdict.allow;
        return undefined;
    }
  }

  function refusedBy({ method, route, client, at }: Visit, grant: Allowed['grant']): Refusal | undefined {
    const facts = { method, path: route.path ?? '', sourceIp: client.address, now: at / 1000 };
    const refused = refusal(grant, { ...facts, requiredScopes: route.scopes });
    return refused === undefined ? undefined : refuse(refused.status, refused.reason);
  }

  function constrain(visit: Visit): Answer {
    const { grant, statements } = visit.allow as Allowed;
    const refused = refusedBy(visit, grant);
    if (refused !== undefined) return counted(visit, refused);
    return statements === undefined || policyAllows(statements, arnOf(visit))
      ? undefined
      : counted(visit, refuse(403, 'refused'));
  }

  function limit(visit: Visit): Answer {
    const { allow, client, route, at } = visit;
    const rate = allow?.grant.rate;
    if (route.isPageFile) return takePageFile(shared.limits, options.limits, client.network, at);
    if (rate === undefined)
      return takeClientLimits(shared.limits, options.limits, client.network, route.isSynthesis, at);
    const name = allow?.grant.keyId ?? visit.cacheKey;
    const taken = takeToken(shared.limits, PLAN_BUCKET + name, rate, at);
    return taken.allowed ? undefined : refuse(429, 'rate', taken.retryAfter);
  }

  /**
   * How many characters the request asks to speak, for the log and for what they cost. A body is read elsewhere, and
   * only once there is a place for it.
   */
  function count(visit: Visit): Answer {
    if (!visit.route.isSynthesis || visit.metered !== undefined) return undefined;
    const isRead =
      identitySource === 'credential' || textRules !== undefined || countsCharacters(visit.allow?.grant.quota);
    if (!visit.hasBody || !isRead) {
      visit.metered = metered(visit, NO_BODY);
      return undefined;
    }
    const { maxTextBytes } = options;
    if (Number(visit.contentLength) > maxTextBytes) {
      return refuseSaying(413, 'body', `has a body of more than ${maxTextBytes} bytes`);
    }
    const caller = visit.allow?.caller ?? visit.client.caller;
    const places = takeBodyPlaces(shared.flights, options.limits, caller, life);
    if (places === undefined) return refuse(429, 'bodies', 1);
    for (const place of places) visit.ports.hold(place);
    return DIVERT;
  }

  /** The same for a body that was read. */
  function countBody(visit: Visit, body: Uint8Array): void {
    visit.metered = metered(visit, body);
  }

  function metered({ method, query, headers, route }: Visit, body: Uint8Array) {
    return meter({ method, query, headers, body }, textField(route.path ?? ''), options.maxTextBytes);
  }

  /** The text, once it is known. */
  function ruled({ metered, route }: Visit): Answer {
    return brokenRule(textRules, metered, route.path ?? '');
  }

  /** Pays for the request; what does not reach the app is given back when it ends. */
  function pay(visit: Visit): undefined | Promise<Answer> {
    return visit.allow?.grant.quota === undefined ? undefined : payQuota(visit, visit.allow.grant);
  }

  async function payQuota(visit: Visit, { keyId, quota = {} }: Allowed['grant']): Promise<Answer> {
    if (keyId === undefined) return refuse(503, 'lease');
    const cost = costOf(quota, visit.metered);
    if ('kind' in cost) return cost;
    const payment = await payFor(cost, keyId, inquiryOf(visit), visit.ports, visit.ports);
    if (payment.kind === 'refuse') return payment;
    // Whatever else it says, without a lease nothing passes.
    if (payment.kind !== 'paid') return settle(visit, payment) ?? refuse(503, 'lease');
    visit.ports.notePayment({ keyId, sequence: payment.sequence, cost });
    visit.fields = rateLimitFields(payment.limits);
    return undefined;
  }
}
