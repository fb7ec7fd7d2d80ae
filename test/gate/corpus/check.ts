/** Holds what happened to one case against what the model says, and against what must hold without any model. */

import { lenientReadings } from './lenient';
import type { Forwarded, Outcome, Trace, World } from './model';
import type { Answer, Exchange } from './raw-client';
import type { Case } from './raw-request';
import { APP_MARK, type Received } from './recording-app';
import { SECRETS } from './world';

export interface Observation {
  readonly case: Case;
  readonly exchange: Exchange;
  /** What the app received of this case, in order. */
  readonly received: readonly Received[];
}

/** What is wrong, each in a sentence. */
export function deviations(observed: Observation, trace: Trace): readonly string[] {
  const { exchange, received } = observed;
  const problems: string[] = [];
  const rest = [...received];
  let index = 0;
  for (const outcome of trace.outcomes) {
    const answer = exchange.answers[index];
    const where = `request ${index + 1}`;
    if (outcome.bare) {
      if (exchange.answers.length > index) problems.push(`${where}: answered with a status line`);
      break;
    }
    if (answer === undefined) {
      // The head and a part of the body may have gone on, if that much was allowed.
      if (outcome.partial !== undefined && trace.end === 'incomplete') {
        const begun = rest.shift();
        if (begun !== undefined)
          problems.push(...differences(begun, outcome.partial).map((text) => `${where}: ${text}`));
      } else problems.push(`${where}: no answer, expected ${told(outcome)}`);
      break;
    }
    index++;
    if (value(answer, APP_MARK) !== undefined) {
      const passed = rest.shift();
      if (outcome.forwarded === undefined) problems.push(`${where}: reached the app, expected ${told(outcome)}`);
      else if (passed === undefined) problems.push(`${where}: answered by the app, which did not receive it`);
      else problems.push(...differences(passed, outcome.forwarded).map((text) => `${where}: ${text}`));
      continue;
    }
    if (!outcome.refused.includes(answer.status)) {
      problems.push(`${where}: refused with ${answer.status}, expected ${told(outcome)}`);
    }
    problems.push(...refusalFaults(answer).map((text) => `${where}: ${text}`));
    if (
      outcome.partial !== undefined &&
      rest[0]?.target === outcome.partial.targets[0] &&
      rest[0]?.body === undefined
    ) {
      rest.shift();
    }
    if (outcome.mayEnd && exchange.answers.length === index) break;
  }
  const surplus = exchange.answers.slice(index).filter(({ status }) => status !== 408 && status !== 400);
  if (surplus.length > 0) problems.push(`answers nobody asked for: ${surplus.map(({ status }) => status).join(', ')}`);
  for (const { method, target } of rest) problems.push(`the app received more: ${method} ${target.slice(0, 300)}`);
  if (trace.end === 'closed' && !exchange.closed) problems.push('the connection stays open');
  return problems;
}

function told(outcome: Outcome): string {
  const statuses = [...new Set(outcome.refused)].join(' or ');
  const passed =
    outcome.forwarded && `passed on as ${outcome.forwarded.method} ${outcome.forwarded.targets[0]?.slice(0, 100)}`;
  return [statuses, passed].filter(Boolean).join(' or ');
}

/** Names that say what only the gate may say, or that were meant for the gate. */
const NEVER =
  /^(x-auth-(?!principal$|key-id$|scopes$).*|x-amzn-oidc-.*|x-forwarded-(?!for$|proto$).*|forwarded|x-original-url|x-rewrite-url|x-http-method(-override)?|x-method-override|x-real-ip|proxy|proxy-authorization|upgrade|http2-settings|trailer|te)$/;

function differences(received: Received, expected: Forwarded): readonly string[] {
  const problems: string[] = [];
  const differs = (what: string, got: unknown, want: unknown) => {
    if (got !== want)
      problems.push(
        `${what} is ${JSON.stringify(got)?.slice(0, 120)}, expected ${JSON.stringify(want)?.slice(0, 120)}`,
      );
  };
  const one = (name: string) => {
    const values = received.headers.filter(([given]) => given.toLowerCase() === name);
    if (values.length > 1) problems.push(`${name} arrived ${values.length} times`);
    return values[0]?.[1] || undefined;
  };
  differs('method', received.method, expected.method);
  if (!expected.targets.includes(received.target)) differs('target', received.target, expected.targets[0]);
  differs('protocol', received.protocol, 'HTTP/1.1');
  differs('principal', one('x-auth-principal'), expected.principal || undefined);
  differs('key id', one('x-auth-key-id'), expected.keyId || undefined);
  differs('scopes', one('x-auth-scopes'), expected.scopes || undefined);
  differs('X-Forwarded-For', one('x-forwarded-for'), expected.forwardedFor);
  differs('X-Forwarded-Proto', one('x-forwarded-proto'), expected.proto);
  const host = one('host');
  if (expected.host) differs('Host', host?.toLowerCase(), expected.host);
  // A body that does not come whole may not look whole.
  differs('body', received.body, expected.body);
  if (received.extra !== '')
    problems.push(`more followed on the app's connection: ${JSON.stringify(received.extra.slice(0, 80))}`);
  const arrived = received.headers.map(([name, text]) => `${name.toLowerCase()}: ${text}`);
  for (const [name, text] of expected.passed) {
    const line = `${name.toLowerCase()}: ${text}`;
    if (!arrived.includes(line)) problems.push(`${JSON.stringify(line.slice(0, 80))} did not arrive`);
  }
  for (const [name, text] of received.headers) {
    if (!/^[A-Za-z0-9!#$%&'*+.^`|~-]+$/.test(name)) problems.push(`a header is named ${JSON.stringify(name)}`);
    if (NEVER.test(name.toLowerCase())) problems.push(`${name} arrived`);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are the subject
    if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(text)) problems.push(`${name} holds a control character`);
    if (name.toLowerCase() !== 'cookie' && SECRETS.some((secret) => text.includes(secret)))
      problems.push(`${name} holds a key`);
  }
  return problems;
}

const PHRASES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  405: 'Method Not Allowed',
  413: 'Content Too Large',
  414: 'URI Too Long',
  431: 'Request Header Fields Too Large',
  501: 'Not Implemented',
  505: 'HTTP Version Not Supported',
};

const SLASH = 'The path holds //: leave out the slash at the end of the base URL.';
const BEARER = 'Write the word Bearer before the key: Authorization: Bearer vg_..., or send the key in X-API-Key.';
/** All that a refusal below /v1 may say beside what nginx itself says: nothing of a credential but that there is none. */
const SENTENCES: Readonly<Record<number, readonly string[]>> = {
  400: [
    SLASH,
    'The request is malformed.',
    'The address could be read in two ways. Write the path plainly, and percent-encode the text as UTF-8.',
    'A header holds bytes that are not UTF-8, or a control character.',
    'A GET request must not have a body. Use POST.',
    'Two different API keys came. Send one.',
  ],
  401: [
    BEARER,
    'No API key came. Send it as Authorization: Bearer vg_... or as X-API-Key: vg_....',
    'The API key is not accepted. Check that it is whole, not revoked and not expired.',
  ],
  403: ['The API key may not do this: its scopes, paths, methods or addresses leave it out.'],
  405: ['The method is not known here.', 'Method Not Allowed.'],
  413: ['The body is too large. Send the text in parts.'],
  414: ['The address is too long. Send the text by POST.'],
  431: ['The headers are too large.'],
};

/** The body of a refusal without what differs honestly; undefined when it is none. */
export function refusalBody(status: number, body: string): string | undefined {
  const phrase = PHRASES[status] ?? '?';
  const short = /^\{"error":"([^"]*)","requestId":"[0-9a-f]{32}"(?:,"detail":"([^"]*)")?\}\n$/.exec(body);
  if (short) {
    const isHint = short[2] === undefined || [SLASH, BEARER].includes(short[2]);
    return short[1] === phrase && isHint ? 'short' : undefined;
  }
  const long =
    /^\{"error":\{"message":"([^"]*)","type":"([a-z_]+)","param":null,"code":"([a-z_]+)"\},"requestId":"[0-9a-f]{32}"(?:,"detail":"[^"]*")?\}\n$/.exec(
      body,
    );
  const said = SENTENCES[status] ?? [`${phrase}.`];
  return long?.[1] !== undefined && said.includes(long[1]) ? `OpenAI's: ${long[2]} ${long[3]}` : undefined;
}

/** A refusal is small, the same for all, and in JSON; it says nothing of the request. */
function refusalFaults(answer: Answer): readonly string[] {
  const problems: string[] = [];
  const challenge = value(answer, 'WWW-Authenticate');
  if ((challenge !== undefined) !== (answer.status === 401)) problems.push(`WWW-Authenticate is ${challenge}`);
  if (value(answer, 'Content-Type') !== 'application/json')
    problems.push(`Content-Type is ${value(answer, 'Content-Type')}`);
  if (answer.body !== '' && refusalBody(answer.status, answer.body) === undefined)
    problems.push(`the body is ${JSON.stringify(answer.body.slice(0, 100))}`);
  const known = [
    'server',
    'date',
    'content-type',
    'content-length',
    'connection',
    'www-authenticate',
    'cache-control',
    'keep-alive',
    'allow',
    'x-robots-tag',
  ];
  for (const [name] of answer.headers)
    if (!known.includes(name.toLowerCase())) problems.push(`${name} is in a refusal`);
  return problems;
}

export function value(answer: Answer, name: string): string | undefined {
  return answer.headers.find(([given]) => given.toLowerCase() === name.toLowerCase())?.[1];
}

/**
 * What must hold whatever the model says: a request of a client that never sent a good credential reaches the app only
 * where every reading of its path is public, and tells the app of nobody; any other names one of the client's own keys.
 */
export function breaches({ case: { bytes }, received, exchange }: Observation, world: World): readonly string[] {
  const problems: string[] = [];
  const owned = [...world.credentials].flatMap(([text, decision]) =>
    decision.outcome === 'allow' && (bytes.includes(text) || mayBeEncoded(bytes)) ? [decision.grant] : [],
  );
  const isPublic = (method: string, path: string) =>
    world.options.publicRoutes.some(
      (route) =>
        (route.method === '*' || route.method === method || (route.method === 'GET' && method === 'HEAD')) &&
        [path, `${path}/`].some((reading) =>
          route.path.endsWith('*') ? reading.startsWith(route.path.slice(0, -1)) : reading === route.path,
        ),
    );
  for (const { method, target, headers } of received) {
    const told = (name: string) => headers.find(([given]) => given.toLowerCase() === name)?.[1];
    const path = target.replace(/\?.*$/s, '');
    if (told('x-auth-principal') === undefined && told('x-auth-key-id') === undefined) {
      for (const reading of lenientReadings(path)) {
        if (!isPublic(method, reading))
          problems.push(`${method} ${target} reached the app as nobody, and may mean ${reading}`);
      }
      if (headers.some(([name]) => /^x[-_.]auth/i.test(name))) problems.push(`${method} ${target} claims an identity`);
    } else if (!owned.some((grant) => (grant.keyId ?? '') === (told('x-auth-key-id') ?? ''))) {
      problems.push(`${method} ${target} reached the app under a key that its client does not have`);
    }
  }
  if (SECRETS.some((secret) => exchange.bytes.includes(secret))) problems.push('an answer holds a key');
  return problems;
}

/** Keys in a query may be written with escapes. */
function mayBeEncoded(bytes: string): boolean {
  return bytes.includes('?%61%70%69');
}
