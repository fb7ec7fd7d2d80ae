/** Names on which several rooms, or rooms and users, must agree. */

/** The header in which a client may send its key; `Authorization: Bearer` is the other way. */
export const KEY_HEADER = 'x-api-key';

/**
 * Characters of a credential, at most: a key is short, a token of an issuer may hold many claims. A load balancer takes
 * header lines of 16 KB, so a longer one could not arrive anyway. Longer ones are refused unread.
 */
export const MAX_CREDENTIAL_LENGTH = 16_384;

/** Headers that tell the app who calls. Values are percent-encoded by `encodeIdentity`. */
export const IDENTITY_HEADERS = {
  principal: 'X-Auth-Principal',
  keyId: 'X-Auth-Key-Id',
  scopes: 'X-Auth-Scopes',
} as const;

/** Bytes that an identity header's value may take; longer values are cut at a whole character. */
export const IDENTITY_HEADER_BYTES = 1024;

/** What a foreign authorizer's context may tell the app: whole values, encoded as identities are; what is more is left out. */
export const CONTEXT_HEADERS = {
  prefix: 'X-Auth-Context-',
  /** Values, at most. */
  values: 32,
  /** Characters of a name after the prefix. */
  nameLength: 64,
  /** Bytes of one value. */
  valueBytes: IDENTITY_HEADER_BYTES,
  /** Bytes of all lines. */
  bytes: 8192,
} as const;

/** The scope that the synthesis paths need unless the routes say otherwise. */
export const SYNTHESIS_SCOPE = 'tts:synthesize';

/** Paths of OpenAI's speech API, on which the text is the field `input`. */
const SPEECH_PATHS: readonly string[] = ['/v1/audio/speech', '/v1/audio/speech/'];

/** Paths that turn text into speech, unless told otherwise. */
export const SYNTHESIS_PATHS: readonly string[] = ['/tts', '/tts/', '/api/tts', ...SPEECH_PATHS];

/** The field that holds the text on that path: `input` in OpenAI's speech API, `text` elsewhere. */
export function textField(path: string): 'input' | 'text' {
  return SPEECH_PATHS.includes(path) ? 'input' : 'text';
}

/** Tells the app on public routes too that the browser holds a session of this site, not that its key is still valid. */
export const SESSION_HEADER = 'X-Auth-Session';
/** Its only value. */
export const SESSION_OPEN = 'open';

/** The folder of the bundled image's web page. It holds nothing but the page's own files. */
export const PAGE_FOLDER = '/voicegate-page/';

/** Where the web page of the bundled image lies. */
export const PAGE_PATHS: readonly string[] = ['/', `${PAGE_FOLDER}*`, '/favicon.ico'];

/** nginx's stable release of 2026-09 with njs 1.0.1: its repository has no tag that also names the Debian release. */
export const GATE_IMAGE_TAG = '1.30.5';

/** Logical ids (or their beginnings, before CDK's hash) of stack outputs that the command line reads. */
export const OUTPUTS = {
  keyTableName: 'KeyTableName',
  /** Only where the prefix of keys is not the default. */
  keyPrefix: 'KeyPrefix',
  serviceUrl: 'ServiceUrl',
  loadBalancerDnsName: 'LoadBalancerDnsName',
  certificateArn: 'CertificateArn',
  /** Only where the certificate is ordered by ACME. */
  certificateOrderFunctionName: 'CertificateOrderFunctionName',
  /** CloudWatch log group that holds the gate's access log. */
  gateLogGroupName: 'GateLogGroupName',
} as const;

/** The key table's attributes that are keys of the table and its index. */
export const KEY_TABLE = {
  partitionKey: 'keyId',
  ownerIndex: 'owner',
  ttlAttribute: 'deleteAt',
} as const;

/**
 * `requestContext.apiId` of the events that the gate sends. API Gateway's own ids are ten characters long. It tells the
 * authorizer that a gate evaluates the grant's constraints on every request.
 */
export const GATE_API_ID = 'voicegate';

/** Environment of the authorizer Lambda, set by the construct and read by the handler. */
export const AUTHORIZER_ENV = {
  keyTable: 'KEY_TABLE_NAME',
  keyPrefix: 'KEY_PREFIX',
  /** Seconds. */
  positiveTtl: 'POSITIVE_TTL',
  /** Seconds. */
  negativeTtl: 'NEGATIVE_TTL',
  /** JSON: a list of `TokenIssuer` (contract/token-issuer.ts). Absent or empty: no tokens, only keys. */
  tokenIssuers: 'TOKEN_ISSUERS',
} as const;

/**
 * Environment of the gate's containers. Addresses are `host:port`. Where the gate finds Lambda and credentials are the
 * standard names of the AWS SDKs: AWS_REGION, AWS_ENDPOINT_URL_LAMBDA, AWS_ENDPOINT_URL, AWS_CONTAINER_CREDENTIALS_*.
 */
export const GATE_ENV = {
  /** Init container only: the packed configuration and program. */
  bundle: 'VOICEGATE_BUNDLE',
  /** The volume that the init container fills. */
  directory: 'VOICEGATE_DIR',
  listen: 'VOICEGATE_LISTEN',
  healthListen: 'VOICEGATE_HEALTH_LISTEN',
  upstream: 'VOICEGATE_UPSTREAM',
  /** Function name or ARN (with alias) of the authorizer. */
  authorizer: 'VOICEGATE_AUTHORIZER',
  /** A secret: of which the keys are made that encrypt sessions. Only with `webSession`. */
  sessionSecret: 'VOICEGATE_SESSION_SECRET',
  /** Where the image keeps its dynamic modules; default /usr/lib/nginx/modules. */
  modules: 'VOICEGATE_NGINX_MODULES',
} as const;

const UNRESERVED = /[A-Za-z0-9._~@:/+-]/;

/**
 * An identity value as a header may carry it: percent-encoded UTF-8 outside `[A-Za-z0-9._~@:/+-]`, at most so many
 * bytes. Lone surrogates become U+FFFD.
 */
export function encodeIdentity(text: string, bytes = IDENTITY_HEADER_BYTES): string {
  let out = '';
  for (const character of text) {
    const safe = UNRESERVED.test(character) ? character : encodeCharacter(character);
    if (out.length + safe.length > bytes) break;
    out += safe;
  }
  return out;
}

function encodeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0xfffd;
  const valid = code >= 0xd800 && code <= 0xdfff ? '\ufffd' : character;
  // encodeURIComponent leaves these five alone; a header value must not hold them.
  return encodeURIComponent(valid).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
