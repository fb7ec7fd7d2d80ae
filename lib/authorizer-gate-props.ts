import type { Duration, Size } from 'aws-cdk-lib';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { CorsOptions } from './cors';
import type { GateImage } from './gate-image';
import type { GateLimits } from './gate-limits';
import type { IRequestAuthorizer } from './request-authorizer';

/** Scopes that a route asks for. */
export interface RouteScopes {
  /** Path, or the beginning of paths with a `*` at its end. */
  readonly path: string;
  /** All of these are needed; none: any credential will do. */
  readonly scopes: string[];
}

/** What a gate does. */
export interface AuthorizerGateOptions {
  /** Who decides on requests. */
  readonly authorizer: IRequestAuthorizer;
  /**
   * The app's port in the task.
   * @default 5000
   */
  readonly upstreamPort?: number;
  /**
   * The app's container; the gate starts after it and stops before it.
   * @default - the task definition's default container
   */
  readonly upstreamContainer?: ecs.ContainerDefinition;
  /**
   * Paths that need no credential: `/path` for GET and HEAD, `POST /path` for that method, `* /path` for every method.
   * A `*` at the end stands for any rest.
   * @default - ["/", "/static/*", "/favicon.ico"]
   */
  readonly publicPaths?: string[];
  /**
   * Paths that turn text into speech: limited more tightly.
   * @default - ["/tts", "/v1/audio/speech"]
   */
  readonly synthesisPaths?: string[];
  /**
   * Scopes by route; the first route that matches counts. A credential that lacks one gets 403. Synthesis paths that no
   * route of yours matches need `tts:synthesize`, where the authorizer grants scopes.
   * @default - only the synthesis paths ask for a scope
   */
  readonly requiredScopes?: RouteScopes[];
  /**
   * How much the gate lets through.
   * @default - 60 requests a minute and client, 10 of them on the synthesis paths; see the members
   */
  readonly limits?: GateLimits;
  /**
   * How long a request may take, from 1 second to 1 hour. Every timeout derives from it. Above 120 seconds a stopping
   * task may cut requests off, since ECS waits no longer.
   * @default Duration.seconds(120)
   */
  readonly longestRequest?: Duration;
  /**
   * The idle timeout of the load balancer in front; the gate keeps connections 10 seconds longer.
   * @default - longestRequest and 5 seconds
   */
  readonly loadBalancerIdleTimeout?: Duration;
  /**
   * How long after the last successful decision it still serves while the authorizer fails, from 0 (never) to 1 hour.
   * @default Duration.minutes(5)
   */
  readonly staleGrace?: Duration;
  /**
   * How long a stopping gate still serves with red health before it drains, from 0 to 60 seconds. ECS has usually taken
   * the target out of use by then; on Spot capacity it has not.
   * @default Duration.seconds(5)
   */
  readonly drainDelay?: Duration;
  /**
   * Path that the app answers, with any status below 500, once it is ready.
   * @default "/"
   */
  readonly readinessPath?: string;
  /**
   * The largest request body; larger ones are refused with 413.
   * @default Size.mebibytes(1)
   */
  readonly maxBodySize?: Size;
  /**
   * Whether a key may come in the query, as `?api_key=`. Then access logs hold keys.
   * @default false
   */
  readonly allowQueryKey?: boolean;
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
   * Which pages of other origins may call.
   * @default - none: the gate leaves such requests to the app
   */
  readonly cors?: CorsOptions;
  /**
   * Path patterns on which encoded slashes, dots and the like are let through.
   * @default - none
   */
  readonly relaxedPaths?: string[];
  /**
   * Proxies in front whose `X-Forwarded-For` entries are trusted.
   * @default 1, the load balancer
   */
  readonly trustedHops?: number;
  /**
   * nginx worker processes. Limits are exact with any number of them.
   * @default 1
   */
  readonly workers?: number;
  /**
   * The nginx image.
   * @default GateImage.publicEcr()
   */
  readonly image?: GateImage;
  /**
   * Where the gate's containers log.
   * @default - a log group of its own, kept for a month
   */
  readonly logging?: ecs.LogDriver;
}

/** A gate and the task definition it stands in. */
export interface AuthorizerGateProps extends AuthorizerGateOptions {
  /** The task definition that gets the gate. Its network mode must be awsvpc, where containers share one loopback. */
  readonly taskDefinition: ecs.TaskDefinition;
}
