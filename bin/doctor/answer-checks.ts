/** What strangers get, and what callers with a key do. */

import { type Check, type Finding, failed, ok, type ServiceFacts, unknown } from './check';
import type { Answer } from './probe';

const HEADERS: readonly (readonly [name: string, value: RegExp])[] = [
  ['strict-transport-security', /max-age=[1-9]\d{5,}/],
  ['x-content-type-options', /^nosniff$/i],
  ['x-frame-options', /^(deny|sameorigin)$/i],
  ['content-security-policy', /./],
];
const SPOOFED = { 'X-Auth-Principal': 'doctor', 'X-Auth-Key-Id': 'doctor000000', 'X-Auth-Scopes': 'tts:synthesize' };
/** Seconds. Signatures of AWS and times of tokens allow minutes; a clock that is kept has none of them. */
const SKEW = 30;
const WORD = 'hello';

export const ANSWER_CHECKS: readonly Check<ServiceFacts>[] = [
  {
    name: 'security headers',
    async run(facts) {
      const { headers } = await withoutKey(facts);
      const missing = HEADERS.filter(([name, value]) => !value.test(String(headers[name] ?? ''))).map(([name]) => name);
      const server = String(headers.server ?? '');
      if (/\d/.test(server)) return failed(`Server: ${server}`, 'Remove the version from the header Server.');
      return missing.length === 0
        ? ok(HEADERS.map(([name]) => name).join(', '))
        : failed(
            `without ${missing.join(', ')}`,
            'Set them as attributes of the HTTPS listener (HttpsLoadBalancer does).',
          );
    },
  },
  {
    name: 'robots',
    async run(facts) {
      const { status, body } = await facts.probe.ask(new URL('/robots.txt', facts.url));
      const { headers } = await withoutKey(facts);
      const said = [
        ...(status === 200 && /^disallow:[ \t]*\/[ \t]*$/im.test(body.toString())
          ? ['robots.txt disallows everything']
          : []),
        ...(/noindex/i.test(String(headers['x-robots-tag'] ?? '')) ? ['answers say noindex'] : []),
      ];
      if (said.length > 0) return ok(said.join(', and '));
      return failed(
        `robots.txt is ${status}${status === 200 ? ' and allows crawling' : ''}`,
        'Answer /robots.txt with "User-agent: *" and "Disallow: /" at the load balancer.',
      );
    },
  },
  {
    name: 'no key',
    async run(facts) {
      return refusal(await withoutKey(facts), 'without a key');
    },
  },
  {
    name: 'wrong key',
    async run(facts) {
      return refusal(await speak(facts, { 'X-API-Key': facts.wrongKey }), 'with an unknown key');
    },
  },
  {
    name: 'identity spoof',
    async run(facts) {
      const { status } = await speak(facts, SPOOFED);
      if (status === 401) return ok('X-Auth-* headers without a key are 401');
      return failed(
        `X-Auth-* headers without a key are ${status}`,
        'Something lets requests through that no gate decided on: no route may lead past the gate.',
      );
    },
  },
  {
    name: 'clock',
    async run(facts) {
      const { headers } = await withoutKey(facts);
      const date = Date.parse(String(headers.date ?? ''));
      if (Number.isNaN(date)) return unknown('the answer has no Date');
      const seconds = Math.round(Math.abs(date - facts.now()) / 1000);
      return seconds <= SKEW
        ? ok(`${seconds} s apart`)
        : failed(`${seconds} s apart`, 'Set the clock of this machine; if it is right, of the service.');
    },
  },
  {
    name: 'spoken word',
    async run(facts) {
      if (facts.key === undefined) return unknown('no key was given: set VOICEGATE_KEY or pipe one in');
      const answer = await speak(facts, { 'X-API-Key': facts.key });
      const type = String(answer.headers['content-type'] ?? '');
      if (answer.status === 200 && /^audio\//.test(type) && answer.body.length > 0) {
        return ok(`${type}, first byte after ${Math.round(answer.firstByte)} ms`);
      }
      return failed(`${answer.status} ${type}`, remedyOf(answer.status, facts.path));
    },
  },
  {
    name: 'rate-limit fields',
    async run(facts) {
      if (facts.key === undefined) return unknown('no key was given');
      const { headers, status } = await speak(facts, { 'X-API-Key': facts.key });
      const fields = [headers.ratelimit, headers['ratelimit-policy']].map((value) => String(value ?? ''));
      if (status === 429 && headers['retry-after'] === undefined) {
        return failed('429 without Retry-After', 'Let the gate answer 429 itself: it tells how long to wait.');
      }
      if (fields.every((field) => field === '')) return unknown('none: the key has no quota');
      return fields.every((field) => /^"?[\w:.-]+"?;/.test(field))
        ? ok(fields[0] ?? '')
        : failed(
            `RateLimit: ${fields[0]}; RateLimit-Policy: ${fields[1]}`,
            'Let nothing between gate and callers rewrite RateLimit fields.',
          );
    },
  },
];

function speak({ url, path, probe }: ServiceFacts, headers: Readonly<Record<string, string>>): Promise<Answer> {
  const openAi = path.startsWith('/v1/');
  return probe.ask(new URL(path, url), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(openAi ? { model: 'tts-1', voice: 'alloy', input: WORD } : { text: WORD }),
  });
}

function withoutKey(facts: ServiceFacts): Promise<Answer> {
  return speak(facts, {});
}

/** A refusal as the gate gives it: nobody learns what was wrong with a credential, and everybody finds the log line. */
function refusal({ status, headers, body }: Answer, when: string): Finding {
  if (status !== 401) {
    const open = status < 400;
    return failed(
      `${status} ${when}`,
      open
        ? 'The service is open: see that every route leads through the gate, and what publicPaths holds.'
        : 'Expected 401: see the runbook, section of that answer.',
    );
  }
  const problems: string[] = [];
  if (!/^bearer\b/i.test(String(headers['www-authenticate'] ?? ''))) problems.push('no WWW-Authenticate: Bearer');
  try {
    const { error, requestId } = JSON.parse(body.toString()) as Readonly<Record<string, unknown>>;
    if (error === undefined) problems.push('no "error"');
    if (typeof requestId !== 'string' || requestId === '') problems.push('no "requestId"');
  } catch {
    problems.push('a body that is no JSON');
  }
  return problems.length === 0
    ? ok('401 in JSON, with WWW-Authenticate and requestId')
    : failed(`401 with ${problems.join(', ')}`, 'Let the gate refuse; what stands between rewrites its answer.');
}

function remedyOf(status: number, path: string): string {
  switch (status) {
    case 401:
      return 'The key is not known here: voicegate keys show KEYID tells its state.';
    case 403:
      return 'The key may not speak: voicegate keys show KEYID tells its scopes, paths and addresses.';
    case 404:
    case 405:
      return `The app has no ${path}: name the path that speaks by --path.`;
    case 200:
      return `${path} answers something that is no sound: name the path that speaks by --path.`;
    default:
      return `See the runbook, section "${status}".`;
  }
}
