/** The gate's options, the keys that exist, and what the authorizer decides about them. */

import { randomBytes } from 'node:crypto';
import { formatApiKey, generateApiKey } from '../../../contract/api-key';
import type { Decision, Grant } from '../../../contract/decision';
import type { GateOptions } from '../../../contract/gate-options';
import { gateOptions } from '../support/bundle';
import { answer, type Behaviour, deny as denied } from '../support/lambda-endpoint';
import type { World } from './model';

function key(): { readonly text: string; readonly id: string } {
  const made = generateApiKey(randomBytes);
  return { text: formatApiKey(made), id: made.keyId };
}

function token(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}.${randomBytes(256).toString('base64url')}`;
}

/** Owners as an administrator could have typed or pasted them, and as an attacker would choose them. */
export const OWNERS = {
  plain: 'acme',
  crlf: 'acme\r\nX-Auth-Scopes: admin\r\n\r\nGET /admin HTTP/1.1\r\nHost: app\r\n\r\n',
  quotes: `"acme" 'x' \`y\` \\ $request_uri \${IFS} {"a":1}; DROP TABLE keys; --`,
  emoji: '🦊 音声 Ünïcödé',
  lone: 'lone \ud800 surrogate',
  long: 'ä'.repeat(5000),
  longAscii: 'a'.repeat(10_240),
  controls: '\u0000\u0001\t\u000b\u001b[31m\u007f\u0085\u2028',
  percent: '%0d%0aX-Auth-Scopes:%20admin',
  comma: 'acme,root',
  empty: '',
} as const;

export const KEYS = {
  good: key(),
  other: key(),
  /** May only POST to /tts. */
  narrow: key(),
  /** Lacks the scope that /scoped needs. */
  unscoped: key(),
  revoked: key(),
  expired: key(),
  disabled: key(),
  /** Well formed, and the authorizer does not know it. */
  unknown: key(),
};
export const TOKEN = token({ sub: 'subject', aud: 'tts' });
export const LONG_TOKEN = token({ sub: 'subject', groups: 'g'.repeat(7000) });
export const ownerKeys = Object.entries(OWNERS).map(([name, owner]) => ({ name, owner, ...key() }));

function allow(grant: Partial<Grant>): Decision {
  return { outcome: 'allow', grant: { principal: 'acme', scopes: ['tts:synthesize'], ...grant }, ttl: 300 };
}

function deny(status: 401 | 403, reason: 'unknown' | 'revoked' | 'expired' | 'disabled'): Decision {
  return { outcome: 'deny', status, reason, ttl: 300 };
}

const credentials: ReadonlyMap<string, Decision> = new Map([
  [KEYS.good.text, allow({ keyId: KEYS.good.id, scopes: ['tts:synthesize', 'voices:read'] })],
  [KEYS.other.text, allow({ keyId: KEYS.other.id, principal: 'other' })],
  [KEYS.narrow.text, allow({ keyId: KEYS.narrow.id, paths: ['/tts'], methods: ['POST'] })],
  [KEYS.unscoped.text, allow({ keyId: KEYS.unscoped.id, scopes: [] })],
  [KEYS.revoked.text, deny(401, 'revoked')],
  [KEYS.expired.text, deny(401, 'expired')],
  [KEYS.disabled.text, deny(403, 'disabled')],
  [TOKEN, allow({ principal: 'subject' })],
  [LONG_TOKEN, allow({ principal: 'subject' })],
  ...ownerKeys.map(({ text, id, owner }) => [text, allow({ keyId: id, principal: owner, scopes: [owner] })] as const),
]);

/** All that must never be seen by the app, in an answer or in a log. */
export const SECRETS: readonly string[] = [
  ...[...Object.values(KEYS), ...ownerKeys].map(({ text }) => text.slice(-49)),
  TOKEN.slice(-64),
  LONG_TOKEN.slice(-64),
];

const MANY = 1_000_000;

/** The defaults, with limits that the corpus never meets. */
const strict = gateOptions({
  authorizer: { timeout: 5000 },
  requiredScopes: [{ path: '/scoped', scopes: ['voices:read'] }],
  limits: {
    requestsPerMinute: MANY,
    synthesisPerMinute: MANY,
    missesPerMinute: MANY,
    failuresPerMinute: MANY,
    banSeconds: 1,
    invocations: 64,
    inFlight: 256,
    queue: 256,
  },
  readinessPath: '/static/ready',
  longestRequest: 60,
  loadBalancerIdleTimeout: 60,
  cacheBytes: 8 * 1024 * 1024,
});

/** With what the options can relax: keys in the query, a relaxed prefix, two proxies in front. */
const relaxed: GateOptions = {
  ...strict,
  queryKey: true,
  relaxedPaths: ['/raw/'],
  publicRoutes: [...strict.publicRoutes, { method: '*', path: '/raw/*' }],
  trustedHops: 2,
};

/** With no proxy in front. */
const direct: GateOptions = { ...strict, trustedHops: 0 };

export const WORLDS = {
  strict: { options: strict, credentials, peer: '127.0.0.1' },
  relaxed: { options: relaxed, credentials, peer: '127.0.0.1' },
  direct: { options: direct, credentials, peer: '127.0.0.1' },
} satisfies Readonly<Record<string, World>>;

/** Paths that need a credential, whatever the method. */
export const PROTECTED = ['/tts', '/v1/audio/speech', '/voices', '/admin/keys'] as const;

/** Decides as the world says. */
export function authorizerOf({ credentials: known }: World): Behaviour {
  return ({ event }) => {
    const decision = known.get(event.identitySource[0] ?? '');
    return decision === undefined ? denied(401) : answer(decision);
  };
}
