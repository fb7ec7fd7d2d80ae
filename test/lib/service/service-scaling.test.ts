import { Template } from 'aws-cdk-lib/assertions';
import { Schedule } from 'aws-cdk-lib/aws-applicationautoscaling';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { describe, expect, it } from 'vitest';
import { EdgeCertificate, SecureTtsService, type SecureTtsServiceProps } from '../../../lib';
import { only, TestStack } from '../support/stack';

function template(props: Partial<SecureTtsServiceProps>) {
  const stack = new TestStack();
  new SecureTtsService(stack, 'Service', {
    image: ecs.ContainerImage.fromRegistry('example.com/tts:1'),
    certificate: EdgeCertificate.selfSigned(),
    ...props,
  });
  return Template.fromStack(stack);
}

const POLICY = 'AWS::ApplicationAutoScaling::ScalingPolicy';
const TARGET = 'AWS::ApplicationAutoScaling::ScalableTarget';

describe('scaling', () => {
  it('follows CPU and admitted requests, never requests that are refused', () => {
    const policies = Object.values(
      template({ scaling: { maxCapacity: 10 }, limits: { inFlight: 20 } }).findResources(POLICY),
    ).map(({ Properties }) => Properties.TargetTrackingScalingPolicyConfiguration);
    expect(policies.map(({ TargetValue }) => TargetValue).sort()).toEqual([14, 60]);
    expect(policies.map(({ PredefinedMetricSpecification: metric }) => metric?.PredefinedMetricType)).toContain(
      'ECSServiceAverageCPUUtilization',
    );
    const [custom] = policies.flatMap(({ CustomizedMetricSpecification: metric }) => metric ?? []);
    expect(custom).toMatchObject({ MetricName: 'AdmittedInFlight', Namespace: 'Voicegate', Statistic: 'Average' });
    expect(JSON.stringify(policies)).not.toContain('RequestCountPerTarget');
  });

  it('follows memory too, where that is wanted', () => {
    const found = template({ scaling: { maxCapacity: 10, targetMemoryPercent: 75 } });
    found.hasResourceProperties(POLICY, {
      TargetTrackingScalingPolicyConfiguration: {
        PredefinedMetricSpecification: { PredefinedMetricType: 'ECSServiceAverageMemoryUtilization' },
        TargetValue: 75,
      },
    });
  });

  it('leaves the number of tasks alone in a deployment', () => {
    const found = template({ scaling: { minCapacity: 3, maxCapacity: 6 } });
    expect(only(found, 'AWS::ECS::Service')).not.toHaveProperty('DesiredCount');
    expect(only(found, TARGET)).toMatchObject({ MinCapacity: 3, MaxCapacity: 6 });
  });

  it('changes the bounds by the clock', () => {
    const schedule = Schedule.cron({ hour: '8', minute: '0' });
    const found = template({ scaling: { maxCapacity: 10, schedules: [{ schedule, minCapacity: 5 }] } });
    expect(only(found, TARGET).ScheduledActions).toEqual([
      expect.objectContaining({ Schedule: 'cron(0 8 * * ? *)', ScalableTargetAction: { MinCapacity: 5 } }),
    ]);
  });

  it.each<[Partial<SecureTtsServiceProps>, RegExp]>([
    [{ scaling: { maxCapacity: 1 } }, /scaling.maxCapacity must be a whole number from 2 to 1000, got 1/],
    [{ scaling: { maxCapacity: 4, targetCpuPercent: 100 } }, /targetCpuPercent must be a whole number from 10 to 95/],
    [{ scaling: { maxCapacity: 4, targetInFlight: 0 } }, /targetInFlight must be more than 0, got 0/],
    [{ scaling: { maxCapacity: 4 }, desiredCount: 3 }, /give only one of desiredCount, scaling/],
  ])('refuses %o, saying what is allowed', (props, message) => {
    expect(() => template(props)).toThrow(message);
  });
});
