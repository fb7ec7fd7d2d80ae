import type { Duration, Size } from 'aws-cdk-lib';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { LogOptions } from '../shared/log-options';
import type { CorsOptions } from './cors';
import type { GateLimits } from './gate-limits';
import type { TextRules } from './text-rules';

/** Scopes that a route asks for. */
export interface RouteScopes {
  /** Path, or the beginning of paths with a `*` at its end. */
  readonly path: string;
  /** All of these are needed; none: any credential will do. */
  readonly scopes: string[];
}

/** What a gate is told, alone or within a whole service. */
export interface GateProps extends LogOptions {
  /**
   * The port on which the app listens, from 1 to 65535.
   * @default - the only TCP port that the app's container maps; in a SecureTtsService 5000
   */
  readonly upstreamPort?: number;
  /**
   * The gate's own port for requests, from 1024 to 65535. Containers of a task share one network, so no other may listen
   * there.
   * @default 8080
   */
  readonly gatePort?: number;
  /**
   * The gate's own port for health checks, from 1024 to 65535.
   * @default 8081
   */
  readonly gateHealthPort?: number;
  /**
   * Proxies in front whose `X-Forwarded-For` entries are trusted, from 0 to 8: 1 behind an application load balancer, 2
   * where CloudFront stands before it, 0 where the client itself connects.
   * @default 1, the load balancer; in a SecureTtsService with `originHeader` 2
   */
  readonly trustedHops?: number;
  /**
   * nginx worker processes, from 1 to 32. Limits are exact with any number of them.
   * @default 1
   */
  readonly workers?: number;
  /**
   * CPU units of the gate's container, from 1: its share while the task's containers compete. 1024 are one vCPU.
   * @default - none: it takes what the app leaves
   */
  readonly gateCpu?: number;
  /**
   * Memory in MiB above which the gate's container is killed; at least what strangers can make it hold, which is the default.
   * @default - 256, more with larger limits and bodies
   */
  readonly gateMemoryLimitMiB?: number;
  /**
   * Memory in MiB, from 64, that is set aside for the gate's container.
   * @default 128
   */
  readonly gateMemoryReservationMiB?: number;
  /**
   * Path patterns on which encoded slashes, dots and the like are let through.
   * @default - none
   */
  readonly relaxedPaths?: string[];
  /**
   * How long the app keeps an idle connection open, from 2 seconds to 1 hour. The gate then keeps its own connections to
   * the app for one second less, which saves a third of its CPU per request. Where the app closes them earlier than it is
   * said here, single POST requests fail with 502. Leave it out for servers that keep no connections, and for those with
   * several worker processes behind one socket (gunicorn): a kept connection binds requests to one worker, which may be
   * busy while others are idle.
   * @default - a connection for each request
   */
  readonly appKeepAlive?: Duration;
  /**
   * Path that the app answers, with any status below 500, once it is ready.
   * @default "/"
   */
  readonly readinessPath?: string;
  /**
   * How long a request may take, from 1 second to 1 hour. Every timeout derives from it. Above 120 seconds a stopping
   * task may cut requests off, since ECS waits no longer.
   * @default Duration.seconds(120)
   */
  readonly longestRequest?: Duration;
  /**
   * Paths that need no credential: `/path` for GET and HEAD, `POST /path` for that method, `* /path` for every method.
   * A `*` at the end stands for any rest. Whatever stands under them anybody may read: an app that keeps the speech it
   * made in such a folder gives it away.
   * @default - none; for the bundled image ["/", "/voicegate-page/*", "/favicon.ico"], its web page
   */
  readonly publicPaths?: string[];
  /**
   * Scopes by route; the first route that matches counts. A credential that lacks one gets 403. Synthesis paths that no
   * route of yours matches need `tts:synthesize`, where the authorizer grants scopes.
   * @default - only the synthesis paths ask for a scope
   */
  readonly requiredScopes?: RouteScopes[];
  /**
   * How much a gate lets through.
   * @default - 60 requests a minute and client, 10 of them on the synthesis paths; see the members
   */
  readonly limits?: GateLimits;
  /**
   * The largest request body; larger ones are refused with 413.
   * @default Size.mebibytes(1), and Size.kibibytes(64) where the text is counted: on the synthesis paths
   */
  readonly maxBodySize?: Size;
  /**
   * Whether the gate's log leaves out whose a request is: the owner of its key, or the subject of its token. The id of the
   * key stays.
   * @default false
   */
  readonly maskPrincipal?: boolean;
  /**
   * What texts on the synthesis paths may be like: how long, and whether with control characters.
   * @default - the app alone looks at them; of the bundled image the gate knows the lengths that it allows
   */
  readonly textRules?: TextRules;
  /**
   * How long after the last successful decision it still serves while the authorizer fails, from 0 (never) to 1 hour.
   * @default Duration.minutes(5)
   */
  readonly staleGrace?: Duration;
  /**
   * Whether people can sign in with a browser: the gate serves a page at `/.voicegate/session` that exchanges a key for
   * an encrypted cookie (HttpOnly, Secure, SameSite=Strict), which is decided about like the key on every request. Needs
   * an authorizer of API keys.
   * @default false
   */
  readonly webSession?: boolean;
  /**
   * How long a session lasts, from 1 minute to 12 hours.
   * @default Duration.hours(12)
   */
  readonly webSessionDuration?: Duration;
  /**
   * The secret of which the keys of sessions are made: a text of 32 characters or more, or a JSON object with `current`
   * and, while it is being changed, `previous`.
   * @default - a new one in Secrets Manager, about 0.40 USD a month
   */
  readonly webSessionSecret?: secretsmanager.ISecret;
  /**
   * Whether search engines may list what the service answers. Unless they may, every answer, of the app too, has
   * `X-Robots-Tag: noindex, nofollow`; with it, the app says what it likes in that header.
   * @default false
   */
  readonly allowIndexing?: boolean;
  /**
   * Which pages of other origins may call.
   * @default - none: the gate leaves such requests to the app
   */
  readonly cors?: CorsOptions;
}
