/** Health, and what the gate does by itself: it looks at the app, and writes its metrics. */

// biome-ignore lint/style/useNodejsImportProtocol: njs's own module, which only looks like Node's
import fs from 'fs';
import { health, isProbeDue, isReady, noteProbe, type Probe, takeTelling } from '../core/answer/health';
import { metricsLine } from '../core/answer/metrics';
import { topFailures } from '../core/limits/abuse';
import { settings } from './ports';
import { count, now, state, zones } from './zones';

/** `js_content` of the health listener. */
export function healthz(r: NginxHTTPRequest): void {
  const { status, state: word } = health(state, isDraining(), now());
  r.headersOut['Content-Type'] = 'application/json';
  r.headersOut['Cache-Control'] = 'no-store';
  r.return(status, `${JSON.stringify({ status: word })}\n`);
}

/** The entry script leaves this file when the container is told to stop. */
function isDraining(): boolean {
  try {
    fs.accessSync(`${ngx.prefix}draining`);
    return true;
  } catch {
    return false;
  }
}

/** `js_periodic`, every second in one worker. */
export async function tick(): Promise<void> {
  sample();
  if (isProbeDue(state, now())) await look();
}

/** `js_periodic`, every six seconds in one worker: for an app that needs more than a moment to answer. */
export async function patientLook(): Promise<void> {
  if (!isReady(state)) await look();
}

async function look(): Promise<void> {
  let probe: Probe;
  let said = 'does not answer in time';
  try {
    const { status } = await ngx.fetch(`http://${settings.upstream}${settings.options.readinessPath}`, {
      headers: { 'User-Agent': 'voicegate-gate' },
    });
    probe = status < 500 ? 'answered' : 'failing';
    said = `answers with status ${status}`;
  } catch (error) {
    probe = error instanceof Error && /refused|connect failed/i.test(error.message) ? 'refused' : 'slow';
    if (probe === 'refused') said = 'is not there: nothing listens on that address';
  }
  noteProbe(state, probe, now());
  if (!takeTelling(state, now())) return;
  const { readinessPath } = settings.options;
  tell(`the app at ${settings.upstream} has not come up: asked for ${readinessPath.replace(/\?.*/s, '')} it ${said}`);
}

/** For operators, on standard error, where nginx's own words about each failed look are left out. */
function tell(sentence: string): void {
  fs.appendFileSync('/dev/stderr', `voicegate gate: ${sentence}\n`);
}

/** Counts what is in flight, and once a minute writes the metrics line. */
function sample(): void {
  const { metrics: identity } = settings.options;
  const inFlight = zones.places.size();
  count('samples');
  count('in-flight', inFlight);
  if (inFlight > (zones.metrics.get('in-flight-maximum') ?? 0)) zones.metrics.set('in-flight-maximum', inFlight);
  if (identity === undefined || !state.add('metrics-written', '1', 59_500)) return;
  const counters: Record<string, number> = {};
  for (const name of zones.metrics.keys(1024)) counters[name] = zones.metrics.pop(name) ?? 0;
  const samples = counters.samples ?? 1;
  const snapshot = {
    counters: {
      ...counters,
      allowed: (counters.allowed ?? 0) + (counters['allowed-hit'] ?? 0),
      hit: counters['allowed-hit'] ?? 0,
    },
    failures: topFailures(zones.abuse, zones.abuse.keys(65_536), now()),
    inFlight: {
      maximum: counters['in-flight-maximum'] ?? inFlight,
      mean: (counters['in-flight'] ?? 0) / Math.max(1, samples),
    },
  };
  fs.appendFileSync('/dev/stdout', `${metricsLine(snapshot, identity, now())}\n`);
}
