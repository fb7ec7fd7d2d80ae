/** The steps in their order, for what did not pass at once. */

import { refuse } from '../answer/refusal';
import { mayHoldKey, QUERY_KEY } from '../credential/credential';
import type { Route } from '../request/facts';
import { hasTooManyPairs, withoutParameter } from '../request/query';
import { isSafe, isUnaltered, Kind, kindOf } from '../request/request-headers';
import { isPlainQuery } from '../request/target';
import { seatOf } from './seat';
import type { Answer, Step } from './step';
import { stepsOf } from './steps';
import type { SharedPorts, Visit } from './visit';

/** Milliseconds within which a body comes under the decision that let it be read. */
const PROMPT = 1000;

export function walkOf(
  shared: SharedPorts,
  /** Whether a header that may hold a credential is the app's own. */
  isForApp: (route: Route, kind: Kind, name: string, value: string) => boolean,
) {
  const { options } = shared.settings;
  const { identitySource } = options.authorizer;
  const takesApart = options.queryKey || identitySource !== 'credential';
  const { counted, identify, decide, constrain, limit, count, ruled, pay, countBody } = stepsOf(shared);
  const seat = seatOf(shared);
  const OPEN: readonly Step[] = options.textRules === undefined ? [limit, seat] : [limit, count, ruled, seat];
  const GUARDED: readonly Step[] = [identify, decide, constrain, limit, count, ruled, pay, seat];
  const READ: readonly Step[] = [ruled, pay, seat];
  const LATE: readonly Step[] = [decide, constrain, ruled, pay, seat];
  return { walk, goOn };

  /** The steps, for what did not pass at once. */
  function walk(visit: Visit): Answer | Promise<Answer> {
    const { route, target, method } = visit;
    const mark = target.indexOf('?');
    if (mark >= 0) visit.given = visit.query = target.slice(mark + 1);
    // HTTP/0.9 has no headers, no status and no client of today.
    if (route.path === undefined || (visit.headers.length === 0 && visit.protocol === ''))
      return counted(visit, refuse(400, 'target'));
    if (!isPlainQuery(visit.query ?? '') || (takesApart && hasTooManyPairs(visit.query ?? '')))
      return counted(visit, refuse(400, 'target'));
    if (!route.isKnownMethod) return counted(visit, refuse(405, 'method-unknown'));
    if (!visit.isClean && !isPassable(visit)) return counted(visit, refuse(400, 'header'));
    if (!route.isPublic) return run(visit, GUARDED, 0);
    if (visit.hasBody && (method === 'GET' || method === 'HEAD')) return counted(visit, refuse(400, 'body'));
    const { query } = visit;
    if (options.queryKey && identitySource === 'credential' && query !== undefined && mayHoldKey(query)) {
      visit.query = withoutParameter(query, QUERY_KEY) || undefined;
    }
    return run(visit, OPEN, 0);
  }

  /** Whether each header that is passed on is passed on as it came, though njs may have had to guess. */
  function isPassable({ headers, ports, route }: Visit): boolean {
    return headers.every(([name, value]) => {
      if (isSafe(value)) return true;
      const kind = kindOf(name);
      const isCredential = kind === Kind.ApiKey || kind === Kind.Authorization;
      if (isCredential ? !isForApp(route, kind, name, value) : kind !== Kind.Pass && kind !== Kind.TraceId) return true;
      return isUnaltered(headers, name, (lower) => ports.rawHeader(lower));
    });
  }

  /**
   * The rest of the way of a request whose body has been read, which took so many milliseconds: a decision must not
   * outlive its time because somebody sends slowly.
   */
  function goOn(visit: Visit, body: Uint8Array, took: number): Answer | Promise<Answer> {
    countBody(visit, body);
    return run(visit, took < PROMPT || visit.route.isPublic ? READ : LATE, 0);
  }
}

function run(visit: Visit, steps: readonly Step[], from: number): Answer | Promise<Answer> {
  for (let i = from; i < steps.length; i++) {
    const next = (steps[i] as Step)(visit);
    if (next === undefined) continue;
    if (!(next instanceof Promise)) return next;
    return next.then((answer) => {
      visit.at = visit.ports.now();
      return answer ?? run(visit, steps, i + 1);
    });
  }
  return undefined;
}
