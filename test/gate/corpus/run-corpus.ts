/** Sends every case to a running gate and says what became of it. */

import { breaches, deviations, type Observation } from './check';
import { predict, type Trace, type World } from './model';
import { send } from './raw-client';
import type { Case } from './raw-request';
import type { RecordingApp } from './recording-app';

export interface Failure {
  readonly case: Case;
  readonly problems: readonly string[];
}

const AT_ONCE = 24;

const traces = new WeakMap<Case, Trace>();

/** What the model says of a case: of each once. */
export function traceOf(one: Case, world: World): Trace {
  const trace = traces.get(one) ?? predict(one.bytes, world);
  traces.set(one, trace);
  return trace;
}

/** Of requests that end, for which no other end of the connection is allowed; undefined: it has to end. */
function answersOwed({ outcomes, end }: Trace): number | undefined {
  if (end === 'closed') return undefined;
  return outcomes.filter(({ bare, partial }) => !bare && !(partial !== undefined && end === 'incomplete')).length;
}

export async function runCorpus(
  cases: readonly Case[],
  place: { readonly port: number; readonly app: RecordingApp; readonly world: World },
): Promise<readonly Observation[]> {
  const observations: Observation[] = [];
  const queue = [...cases];
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const answers = answersOwed(traceOf(next, place.world));
      const exchange = await send({ port: place.port, bytes: next.bytes, answers });
      observations.push({ case: next, exchange, received: place.app.received(next.id) });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  // What came late, or was smuggled, counts as well.
  return observations.map((observed) => ({ ...observed, received: place.app.received(observed.case.id) }));
}

export function failuresOf(observations: readonly Observation[], world: World): readonly Failure[] {
  return observations.flatMap((observed) => {
    const problems = [...breaches(observed, world), ...deviations(observed, traceOf(observed.case, world))];
    return problems.length === 0 ? [] : [{ case: observed.case, problems }];
  });
}

export function report(failures: readonly Failure[]): string {
  return failures
    .map(({ case: { id, name, bytes }, problems }) => {
      const shown = JSON.stringify(bytes).slice(0, 400);
      return `${id} ${name}\n  ${problems.slice(0, 5).join('\n  ')}\n  sent ${shown}`;
    })
    .join('\n');
}
