import type { Duration } from 'aws-cdk-lib';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type { IRequestAuthorizer } from '../authorizer/request-authorizer';
import type { GateImage } from './gate-image';
import type { GateProps } from './gate-props';

/** What a gate does. */
export interface AuthorizerGateOptions extends GateProps {
  /** Who decides on requests. */
  readonly authorizer: IRequestAuthorizer;
  /**
   * The app's container; the gate starts after it and stops before it.
   * @default - the task definition's default container
   */
  readonly upstreamContainer?: ecs.ContainerDefinition;
  /**
   * Paths that turn text into speech: limited more tightly.
   * @default - ["/tts", "/tts/", "/api/tts", "/v1/audio/speech", "/v1/audio/speech/"]
   */
  readonly synthesisPaths?: string[];
  /**
   * The idle timeout of the load balancer in front; the gate keeps connections 10 seconds longer.
   * @default - longestRequest and 5 seconds
   */
  readonly loadBalancerIdleTimeout?: Duration;
  /**
   * How long a stopping gate still serves with red health before it drains, from 0 to 60 seconds. ECS has usually taken
   * the target out of use by then; on Spot capacity it has not.
   * @default Duration.seconds(5)
   */
  readonly drainDelay?: Duration;
  /**
   * Whether a key may come in the query, as `?api_key=`. Then access logs hold keys.
   * @default false
   */
  readonly allowQueryKey?: boolean;
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
