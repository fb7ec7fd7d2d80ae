/** The keys of the app's configuration: how each is read from CDK context, what it means, and what it sets. */

import { Duration } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { GATE_DEFAULTS, GATE_RANGES } from '../contract/gate-ranges';
import type { Range } from '../contract/range';
import { DEFAULT_STARTUP_TIME, RATE_LIMIT_RANGE, RATE_WINDOWS, SERVICE_RANGES } from '../contract/service-ranges';
import { CHARACTERS_RANGE, DEFAULT_SPEECH_LIMITS } from '../contract/speech-limits';
import { ControlCharacters, type SecureTtsServiceProps, ServiceNetwork, type TextRules } from '../lib';
import { defaultsInWords, ENGINES } from './bundled-engine';
import { boolean, domains, integer, list, map, members, oneNumberOf, oneOf, refuse, text } from './config-values';

/** One key. Check, prop and the row of the table in docs/configuration.md follow from it. */
export interface ConfigKey<T> {
  /** Reads a context value. @throws Error saying what is allowed; the caller adds key and value. */
  readonly parse: (value: unknown) => T;
  /** What is allowed, in words. */
  readonly allowed: string;
  /** What it is for, in one sentence. */
  readonly meaning: string;
  /** The default, in words. */
  readonly default: string;
  /** What it sets of the service; absent: it sets something else, or only together with other keys. */
  readonly props?: (value: T) => Partial<SecureTtsServiceProps>;
}

function key<T>(
  allowed: string,
  fallback: string,
  meaning: string,
  parse: (value: unknown) => T,
  props?: (value: T) => Partial<SecureTtsServiceProps>,
): ConfigKey<T> {
  return { allowed, default: fallback, meaning, parse, props };
}

function rangeInWords({ least, most, unit }: Range): string {
  return `${unit === 'seconds' ? unit : 'a whole number'} from ${least} to ${most}`;
}

/** A number with one of the ranges that hold for props too. */
function ranged(
  range: Range,
  fallback: number | string,
  meaning: string,
  props?: (value: number) => Partial<SecureTtsServiceProps>,
): ConfigKey<number> {
  return key(rangeInWords(range), String(fallback), meaning, integer(range.least, range.most), props);
}

/** CloudWatch Logs keeps logs for one of these numbers of days. */
const RETENTION_DAYS = Object.values(RetentionDays).filter(
  (days): days is number => typeof days === 'number' && days < 9999,
);
const ECS_SECRET =
  /^arn:[a-z-]+:(secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+|ssm:[a-z0-9-]+:\d{12}:parameter\/[\w./-]+)$/;
const ROUTE = /^(([A-Z]+|\*) )?\/\S*$/;
const PATH = /^\/\S*$/;

export const CONFIG_KEYS = {
  stackName: key(
    'letters, digits and "-", a letter first, at most 128',
    'Voicegate',
    'Name of the CloudFormation stack.',
    text(/^[A-Za-z][A-Za-z0-9-]{0,127}$/),
  ),
  image: key(
    'a folder with a Dockerfile, or the URI of an image such as 123456789012.dkr.ecr.eu-west-1.amazonaws.com/tts:1',
    'the folder image/ of this package',
    'The text-to-speech container.',
    text(/^\S+$/),
  ),
  command: key(
    'texts separated by commas, or a list in cdk.json',
    'what the image says',
    'Arguments of the container of image.',
    list(/^[^,\0]{1,1024}$/),
    (command) => ({ command }),
  ),
  appPort: ranged(
    SERVICE_RANGES.port,
    5000,
    'Port on which the container of image listens; the container gets it as PORT.',
    (upstreamPort) => ({ upstreamPort }),
  ),
  environment: key(
    'NAME=VALUE separated by commas, or an object in cdk.json',
    'none',
    'Environment of the app, besides PORT; nothing secret: whoever may describe task definitions reads it.',
    map(/^[^\0]{0,4096}$/),
  ),
  secretArns: key(
    'NAME=ARN separated by commas, or an object in cdk.json; of secrets in Secrets Manager or parameters in Systems Manager',
    'none',
    'Secrets that the app gets as environment.',
    map(ECS_SECRET),
  ),
  engine: key(
    ENGINES.join(', '),
    ENGINES[0],
    "What speaks in this package's image: a neural voice, or one that needs little CPU and memory. Not with image.",
    oneOf(...ENGINES),
  ),
  certificateArn: key(
    'arn:PARTITION:acm:REGION:ACCOUNT:certificate/ID',
    'none: a self-signed certificate',
    'A certificate in AWS Certificate Manager, in the same region.',
    text(/^arn:[a-z-]+:acm:[a-z0-9-]+:\d{12}:certificate\/[\w-]+$/),
  ),
  letsEncryptEmail: key(
    'an address such as ops@example.com',
    'none',
    "With domainNames: a certificate by Let's Encrypt, which may write to this address. It comes when the names lead to the load balancer; until then it is self-signed.",
    text(/^[^\s@,]{1,64}@[^\s@,]{1,255}$/),
  ),
  letsEncryptStaging: key(
    'true or false',
    'false',
    "With letsEncryptEmail: Let's Encrypt's staging environment, whose limits are wide and whose certificates nobody trusts.",
    boolean,
  ),
  domainNames: key(
    'domain names, separated by commas',
    "none: the load balancer's own name",
    'Names under which clients reach the service.',
    domains,
    (domainNames) => ({ domainNames }),
  ),
  hostedZoneId: key(
    'the id of a Route 53 hosted zone, such as Z0123456789ABCDEFGHIJ',
    'none',
    'With hostedZoneName and domainNames: the names become records of this zone, and without certificateArn the certificate is validated through it.',
    text(/^[A-Z0-9]{1,32}$/),
  ),
  hostedZoneName: key(
    'a domain name',
    'none',
    'Name of the zone of hostedZoneId.',
    (value) => domains(value)[0] ?? refuse(),
  ),
  keyTableName: key(
    'the name of a DynamoDB table',
    'a new table',
    'Key table that an earlier stack left behind.',
    text(/^[A-Za-z0-9_.-]{3,255}$/),
  ),
  keyPrefix: key(
    'a-z first, then a-z and 0-9, at most 12',
    'vg',
    'What API keys begin with.',
    text(/^[a-z][a-z0-9]{0,11}$/),
  ),
  tokenIssuer: key(
    'an https URL without query and fragment (http on loopback only)',
    'none: only keys',
    'An OpenID Connect issuer whose access tokens are accepted beside keys. Needs tokenAudiences.',
    text(/^(https:\/\/[^\s?#@]+|http:\/\/(localhost|127\.\d+\.\d+\.\d+)(:\d+)?(\/[^\s?#@]*)?)$/),
  ),
  tokenAudiences: key(
    'texts separated by commas',
    'none',
    'With tokenIssuer: a token must be meant for one of these.',
    list(/^[^\s,]{1,256}$/),
  ),
  tokenAudienceClaim: key(
    'the name of a claim',
    'aud',
    'With tokenIssuer: the claim that holds the audience; for access tokens of Amazon Cognito client_id.',
    text(/^\S{1,256}$/),
  ),
  requestsPerMinute: ranged(
    GATE_RANGES.requestsPerMinute,
    GATE_DEFAULTS.limits.requestsPerMinute,
    'Requests a minute and client, on all paths.',
    (requestsPerMinute) => ({ limits: { requestsPerMinute } }),
  ),
  synthesisPerMinute: ranged(
    GATE_RANGES.synthesisPerMinute,
    GATE_DEFAULTS.limits.synthesisPerMinute,
    'Requests a minute and client on the synthesis paths.',
    (synthesisPerMinute) => ({ limits: { synthesisPerMinute } }),
  ),
  inFlight: ranged(
    GATE_RANGES.inFlight,
    defaultsInWords('inFlight', GATE_DEFAULTS.limits.inFlight),
    'Requests in flight to the app, per task.',
    (inFlight) => ({ limits: { inFlight } }),
  ),
  queue: ranged(
    GATE_RANGES.queue,
    defaultsInWords('queue', GATE_DEFAULTS.limits.queue),
    'Requests that may wait for the app, per task.',
    (queue) => ({ limits: { queue } }),
  ),
  firewall: key('true or false', 'true', 'Whether AWS WAF stands in front.', boolean, (firewallEnabled) => ({
    firewallEnabled,
  })),
  firewallRequests: ranged(
    RATE_LIMIT_RANGE,
    'ten times requestsPerMinute',
    'Requests in a window and address that AWS WAF lets through.',
  ),
  firewallSynthesis: ranged(RATE_LIMIT_RANGE, 'ten times synthesisPerMinute', 'The same on the synthesis paths.'),
  firewallWindow: key(
    RATE_WINDOWS.join(', ').replace(/, (?=\d+$)/, ' or '),
    '60',
    "Seconds of the firewall's window.",
    oneNumberOf(...RATE_WINDOWS),
  ),
  positiveTtl: ranged(GATE_RANGES.positiveTtl, 60, 'How long an allow is cached.'),
  negativeTtl: ranged(GATE_RANGES.negativeTtl, 10, 'How long a refusal is cached.'),
  staleGrace: ranged(
    GATE_RANGES.staleGrace,
    GATE_DEFAULTS.staleGrace,
    'How long a decision still serves while the authorizer fails; 0: never.',
    (value) => ({ staleGrace: Duration.seconds(value) }),
  ),
  publicPaths: key(
    'paths separated by commas: "/path" (GET and HEAD), "POST /path" or "* /path"',
    'none; of the bundled image its page: /,/voicegate-page/*,/favicon.ico',
    'Paths that need no key.',
    list(ROUTE),
    (publicPaths) => ({ publicPaths }),
  ),
  synthesisPaths: key(
    'paths separated by commas',
    '/tts,/tts/,/api/tts,/v1/audio/speech,/v1/audio/speech/',
    'Paths that turn text into speech.',
    list(PATH),
    (synthesisPaths) => ({ synthesisPaths }),
  ),
  maxTextCharacters: ranged(
    CHARACTERS_RANGE,
    DEFAULT_SPEECH_LIMITS.maxTextCharacters,
    'Characters of the longest text on /tts. Above some 600 a query cannot hold them: such texts need POST.',
    (maxTextCharacters) => ({ maxTextCharacters }),
  ),
  maxSpeechCharacters: ranged(
    CHARACTERS_RANGE,
    DEFAULT_SPEECH_LIMITS.maxSpeechCharacters,
    'Characters of the longest text on /v1/audio/speech.',
    (maxSpeechCharacters) => ({ maxSpeechCharacters }),
  ),
  textRules: key(
    "maxCharacters=1 to 100000, maxSpeechCharacters=1 to 100000 (on OpenAI's paths) and controlCharacters=refuse, separated by commas",
    'none; of the bundled image its longest texts',
    'What texts on the synthesis paths may be like, whatever the image; others are refused by the gate.',
    members<Pick<TextRules, 'maxCharacters' | 'maxSpeechCharacters' | 'controlCharacters'>>({
      maxCharacters: integer(CHARACTERS_RANGE.least, CHARACTERS_RANGE.most),
      maxSpeechCharacters: integer(CHARACTERS_RANGE.least, CHARACTERS_RANGE.most),
      controlCharacters: oneOf(ControlCharacters.PASS, ControlCharacters.REFUSE),
    }),
    (textRules) => ({ textRules }),
  ),
  strictNames: key(
    'true or false',
    'true',
    "Whether this package's image refuses unknown models and voices; with false they mean the default.",
    boolean,
  ),
  readinessPath: key('a path', '/', 'Path that the app answers once it is ready.', text(PATH), (readinessPath) => ({
    readinessPath,
  })),
  webSession: key(
    'true or false',
    'true',
    'Whether people can sign in with a browser, at /.voicegate/session. Its secret costs about 0.40 USD a month.',
    boolean,
    (webSession) => ({ webSession }),
  ),
  corsAllowOrigins: key(
    'origins such as https://app.example.com, separated by commas, or "*" alone',
    'none',
    'Pages of other origins that may call.',
    list(/^(\*|https?:\/\/[^\s,/?#@]+)$/),
    (allowOrigins) => (allowOrigins.length > 0 ? { cors: { allowOrigins } } : {}),
  ),
  allowIndexing: key(
    'true or false',
    'false',
    'Whether search engines may list what the service answers. Otherwise every answer has X-Robots-Tag: noindex, nofollow.',
    boolean,
    (allowIndexing) => ({ allowIndexing }),
  ),
  network: key(
    'private or public',
    'private',
    'Whether tasks live in private subnets behind a NAT gateway or in public ones.',
    oneOf('private', 'public'),
    (where) => ({ network: where === 'public' ? ServiceNetwork.publicSubnets() : ServiceNetwork.privateSubnets() }),
  ),
  availabilityZones: key(
    'two or more names or letters of zones, separated by commas, such as eu-west-1a,eu-west-1c or a,c',
    "the region's first two",
    'Zones of the network: some have no NAT gateway or no Fargate.',
    (value) => {
      const zones = list(/^([a-z]{2}(-[a-z]+)+-\d)?[a-z]$/)(value);
      return zones.length > 1 && new Set(zones).size === zones.length ? zones : refuse();
    },
  ),
  desiredCount: ranged(
    SERVICE_RANGES.desiredCount,
    1,
    'How many tasks run. Each counts its clients alone, so with N tasks a client may reach N times the limits.',
  ),
  maxTasks: key(
    `${rangeInWords(SERVICE_RANGES.maxTasks)}, at least desiredCount`,
    'none: always desiredCount',
    'How many tasks run at most: their number then follows the load, from desiredCount on.',
    integer(SERVICE_RANGES.maxTasks.least, SERVICE_RANGES.maxTasks.most),
  ),
  capacity: key(
    'fargate or spot',
    'fargate',
    'Whether tasks run on spare capacity, at about a third of the price and with two minutes of notice: all beyond the first, or the only one.',
    oneOf('fargate', 'spot'),
  ),
  cpu: key(
    '256, 512, 1024, 2048, 4096, 8192 or 16384',
    defaultsInWords('cpu', 2048),
    'CPU units of a task.',
    integer(256, 16_384),
  ),
  memory: key(
    'MiB that Fargate allows with cpu',
    defaultsInWords('memory', 8192),
    'Memory of a task in MiB.',
    integer(512, 122_880),
  ),
  architecture: key('x86_64 or arm64', 'x86_64', 'CPU architecture of the tasks.', oneOf('x86_64', 'arm64')),
  alarmEmail: key(
    'an e-mail address',
    'none',
    'Who gets an e-mail when an alarm that needs action starts, and when it ends; AWS first asks there for a confirmation.',
    text(/^[^\s@,]+@[^\s@,]+\.[^\s@,.]{2,}$/),
  ),
  alarmTopicArn: key(
    'arn:PARTITION:sns:REGION:ACCOUNT:NAME',
    'none',
    'An SNS topic of yours that is notified instead.',
    text(/^arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}$/),
  ),
  longestRequest: ranged(
    GATE_RANGES.longestRequest,
    GATE_DEFAULTS.longestRequest,
    'How long a request may take.',
    (value) => ({
      longestRequest: Duration.seconds(value),
    }),
  ),
  startupTime: ranged(
    SERVICE_RANGES.startupTime,
    DEFAULT_STARTUP_TIME,
    'How long the app may take to start.',
    (value) => ({ startupTime: Duration.seconds(value) }),
  ),
  accessLogs: key('true or false', 'true', 'Whether the load balancer logs access.', boolean, (accessLogs) => ({
    loadBalancerOptions: { accessLogs },
  })),
  logRetention: key(
    `days: ${RETENTION_DAYS.join(', ')}`,
    '365 for the log of the tasks, 30 for others',
    'How long the logs of tasks, authorizer, firewall and certificate are kept.',
    oneNumberOf(...RETENTION_DAYS),
    (logRetention: RetentionDays) => ({ logRetention }),
  ),
  deletionProtection: key(
    'true or false',
    'false',
    'Whether AWS refuses to delete the load balancer and the key table.',
    boolean,
    (deletionProtection) => ({ loadBalancerOptions: { deletionProtection } }),
  ),
} as const;
