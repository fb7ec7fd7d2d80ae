import {
  DeregisterTargetsCommand,
  DescribeTargetHealthCommand,
  type ElasticLoadBalancingV2Client,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { describe, expect, it, vi } from 'vitest';
import { TargetRegistrar } from '../../../local/tasks/target-registrar.js';

const targetGroupArn = 'arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/gate/1';
const fresh = { targetGroupArn, id: '127.64.0.2', port: 8080 };

/** A load balancer in which one task of an earlier run is registered; what is wrong with it is `fails`. */
function loadBalancer(fails?: new (input: never) => object): ElasticLoadBalancingV2Client {
  const send = async (command: object): Promise<object> => {
    if (fails !== undefined && command instanceof fails) throw new Error('Throttling');
    return command instanceof DescribeTargetHealthCommand
      ? { TargetHealthDescriptions: [{ Target: { Id: '127.64.0.1', Port: 8080 }, TargetHealth: { State: 'healthy' } }] }
      : {};
  };
  return { send } as unknown as ElasticLoadBalancingV2Client;
}

describe('a change of the targets', () => {
  it('is told when it has happened', async () => {
    const onChange = vi.fn();
    await new TargetRegistrar(loadBalancer(), onChange).sync([targetGroupArn], () => [fresh]);
    expect(onChange).toHaveBeenCalled();
  });

  it('is told though the next one fails', async () => {
    const onChange = vi.fn();
    const registrar = new TargetRegistrar(loadBalancer(DeregisterTargetsCommand), onChange);
    await expect(registrar.sync([targetGroupArn], () => [fresh])).rejects.toThrow('Throttling');
    expect(onChange).toHaveBeenCalledOnce();
  });

  it('is not told where there was none', async () => {
    const onChange = vi.fn();
    const registrar = new TargetRegistrar(loadBalancer(RegisterTargetsCommand), onChange);
    await expect(registrar.sync([targetGroupArn], () => [fresh])).rejects.toThrow('Throttling');
    await registrar.sync([targetGroupArn], () => [{ ...fresh, id: '127.64.0.1' }]);
    expect(onChange).not.toHaveBeenCalled();
  });
});
