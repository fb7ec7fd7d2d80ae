import {
  DeregisterTargetsCommand,
  DescribeTargetGroupAttributesCommand,
  DescribeTargetHealthCommand,
  type ElasticLoadBalancingV2Client,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Target } from '../contracts.js';

const DEFAULT_DELAY = 300;
/** 127.64.0.0/10: addresses that only tasks have. One that no task has is left over from an earlier run. */
const TASK_ADDRESS = /^127\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.\d+\.\d+$/;

/** Keeps the deployed target groups' members equal to the tasks that are in service. */
export class TargetRegistrar {
  private last: Promise<void> = Promise.resolve();

  constructor(
    private readonly client: ElasticLoadBalancingV2Client,
    private readonly onChange: () => void = () => {},
  ) {}

  /** Registers what is missing and deregisters what is no task's any more; one at a time, in the order of the calls. */
  sync(targetGroupArns: readonly string[], wanted: () => readonly Target[]): Promise<void> {
    const next = this.last.then(() => Promise.all(targetGroupArns.map((arn) => this.syncGroup(arn, wanted()))));
    this.last = next.then(
      () => undefined,
      () => undefined,
    );
    return next.then(() => undefined);
  }

  async deregistrationDelay(targetGroupArn: string): Promise<number> {
    try {
      const { Attributes = [] } = await this.client.send(
        new DescribeTargetGroupAttributesCommand({ TargetGroupArn: targetGroupArn }),
      );
      const value = Attributes.find(({ Key }) => Key === 'deregistration_delay.timeout_seconds')?.Value;
      return value === undefined ? DEFAULT_DELAY : Number(value);
    } catch {
      return DEFAULT_DELAY;
    }
  }

  private async syncGroup(arn: string, wanted: readonly Target[]): Promise<void> {
    const { TargetHealthDescriptions = [] } = await this.client.send(
      new DescribeTargetHealthCommand({ TargetGroupArn: arn }),
    );
    const registered = TargetHealthDescriptions.flatMap(({ Target: target, TargetHealth: health }) =>
      target?.Id === undefined || health?.State === 'draining' ? [] : [{ Id: target.Id, Port: target.Port }],
    );
    const mine = wanted.filter(({ targetGroupArn }) => targetGroupArn === arn);
    const missing = mine.filter(({ id }) => !registered.some(({ Id }) => Id === id));
    const gone = registered.filter(({ Id }) => TASK_ADDRESS.test(Id) && !mine.some(({ id }) => id === Id));
    if (missing.length > 0) {
      const Targets = missing.map(({ id, port }) => ({ Id: id, Port: port }));
      await this.client.send(new RegisterTargetsCommand({ TargetGroupArn: arn, Targets }));
      this.onChange();
    }
    if (gone.length > 0) {
      await this.client.send(new DeregisterTargetsCommand({ TargetGroupArn: arn, Targets: gone }));
      this.onChange();
    }
  }
}
