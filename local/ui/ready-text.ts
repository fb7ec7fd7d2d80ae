import type { ServedReport } from '../deploy/served.js';
import type { Progress } from '../launch/progress.mjs';

export interface ReadyFacts {
  readonly http: string;
  readonly https: string;
  readonly ca: string;
  readonly key: string;
  readonly stateDirectory: string;
  readonly served: ServedReport;
  readonly notEmulated: readonly string[];
  readonly paint: Progress['paint'];
}

/** What the person reads when everything runs. */
export function readyText(facts: ReadyFacts): string {
  const { http, https, ca, key, served, paint } = facts;
  const title = (text: string): string => paint('1', text);
  return [
    '',
    `${title('Voicegate is ready.')} Ctrl-C stops it.`,
    '',
    `  ${https}/   the web page; your browser asks about the certificate unless it trusts the CA below`,
    `  ${http}/    redirects there`,
    `  API key     ${paint('36', key)}`,
    `  CA          ${ca}`,
    '',
    title('Hear it:'),
    `  ${curlLine(facts)}`,
    '',
    title('More keys:'),
    `  npx voicegate keys create --local${stateFlag(facts.stateDirectory)} --owner you --label first`,
    '',
    title('Served here:'),
    ...served.served.map((line) => `  ${line}`),
    title('Kept and readable, without effect here:'),
    ...served.kept.map((line) => `  ${line}`),
    title('Accepted, not emulated:'),
    ...[...served.accepted, ...facts.notEmulated].map((line) => `  ${line}`),
    ...(served.accepted.length + facts.notEmulated.length === 0 ? ['  nothing'] : []),
    '',
    title('Requests:'),
  ].join('\n');
}

/** Speaks as printed, in any POSIX shell; a POST, since an access log keeps a GET's text. */
export function curlLine({ https, ca, key }: Pick<ReadyFacts, 'https' | 'ca' | 'key'>): string {
  return [
    'curl',
    `--cacert ${quote(ca)}`,
    `-H ${quote(`X-API-Key: ${key}`)}`,
    `-H ${quote('Content-Type: application/json')}`,
    `-d ${quote('{"text": "Hello, 你好世界"}')}`,
    '-o hello.wav',
    `${https}/tts`,
  ].join(' ');
}

function stateFlag(directory: string): string {
  return ` --state-dir ${quote(directory)}`;
}

function quote(text: string): string {
  return /^[\w./:@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
