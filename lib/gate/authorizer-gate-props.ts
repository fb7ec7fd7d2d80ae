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
   * @default - the container that maps `upstreamPort`, or else the task definition's default container
   */
  readonly upstreamContainer?: ecs.ContainerDefinition;
  /**
   * Paths that turn text into speech: limited more tightly.
   * @default - ["/tts", "/tts/", "/api/tts", "/v1/audio/speech", "/v1/audio/speech/"]
   */
  readonly synthesisPaths?: string[];
  /**
   * The idle timeout of the load balancer in front, from 1 to 4000 seconds; the gate keeps connections 10 seconds longer.
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
   * The nginx image.
   * @default GateImage.publicEcr()
   */
  readonly image?: GateImage;
  /**
   * Where the gate's containers log.
   * @default - a log group of its own, kept for `logRetention`
   */
  readonly logging?: ecs.LogDriver;
}

/** A gate and the task definition it stands in. */
export interface AuthorizerGateProps extends AuthorizerGateOptions {
  /** The task definition that gets the gate. Its network mode must be awsvpc, where containers share one loopback. */
  readonly taskDefinition: ecs.TaskDefinition;
}
