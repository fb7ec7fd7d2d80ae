import { Duration } from 'aws-cdk-lib';
import type { Template } from 'aws-cdk-lib/assertions';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { describe, expect, it } from 'vitest';
import { only, type Properties, service, TestStack, warnings } from '../support/stack';

const ECS = 'AWS::ECS::Service';
const GROUP = 'AWS::ElasticLoadBalancingV2::TargetGroup';
const ALARM = 'AWS::CloudWatch::Alarm';

function configuration(template: Template): Properties {
  return only(template, ECS).DeploymentConfiguration as Properties;
}

/** What the alarms by which a deployment is rolled back look at. */
function rollbackAlarms(template: Template): readonly Properties[] {
  const { AlarmNames } = configuration(template).Alarms as { AlarmNames: { Ref: string }[] };
  const alarms = template.findResources(ALARM);
  return AlarmNames.map(({ Ref }) => alarms[Ref]?.Properties as Properties);
}

const blueGreen = service({ deploymentStrategy: ecs.DeploymentStrategy.BLUE_GREEN, bakeTime: Duration.minutes(15) });
const template = blueGreen.template();

describe('a blue/green deployment', () => {
  it('is told to ECS with its bake time, and without the circuit breaker of rolling ones', () => {
    expect(configuration(template)).toMatchObject({ Strategy: 'BLUE_GREEN', BakeTimeInMinutes: 15 });
    expect(configuration(template)).not.toHaveProperty('DeploymentCircuitBreaker');
    expect(warnings(blueGreen.stack).filter((text) => text.includes('circuitBreaker'))).toEqual([]);
  });

  it('has two target groups that check the gate alike, and one rule that names both', () => {
    const groups = Object.entries(template.findResources(GROUP));
    expect(groups).toHaveLength(2);
    const [first, second] = groups.map(([, { Properties }]) => ({ ...Properties, Targets: undefined }));
    expect(first).toEqual(second);
    expect(first).toMatchObject({ HealthCheckPort: '8081', TargetType: 'ip' });
    const [entry] = only(template, ECS).LoadBalancers as Properties[];
    const advanced = entry?.AdvancedConfiguration as Record<string, { Ref?: string; 'Fn::GetAtt'?: string[] }>;
    const rules = template.findResources('AWS::ElasticLoadBalancingV2::ListenerRule');
    const rule =
      rules[advanced.ProductionListenerRule?.Ref ?? advanced.ProductionListenerRule?.['Fn::GetAtt']?.[0] ?? ''];
    const actions: { ForwardConfig: { TargetGroups: Properties[] } }[] = rule?.Properties.Actions;
    expect(actions[0]?.ForwardConfig.TargetGroups).toEqual([
      { TargetGroupArn: entry?.TargetGroupArn, Weight: 100 },
      { TargetGroupArn: advanced.AlternateTargetGroupArn, Weight: 0 },
    ]);
  });

  it('gives ECS a role of its own for the rule', () => {
    template.hasResourceProperties('AWS::IAM::Role', {
      AssumeRolePolicyDocument: { Statement: [{ Principal: { Service: 'ecs.amazonaws.com' } }] },
    });
  });

  it('is rolled back by errors of app and authorizer and by no healthy task in either group, not by refusals', () => {
    expect(configuration(template).Alarms as Properties).toMatchObject({ Enable: true, Rollback: true });
    const seen = JSON.stringify(rollbackAlarms(template));
    for (const metric of ['HealthyHostCount', 'HTTPCode_Target_5XX_Count', 'AuthorizerErrors', 'Errors']) {
      expect(seen).toContain(`"${metric}"`);
    }
    expect(seen).not.toMatch(/4XX|Denied/);
    const [noHealthyTask] = rollbackAlarms(template);
    // Seven minutes: those that the app has to start, and two.
    expect(noHealthyTask).toMatchObject({ EvaluationPeriods: 7, TreatMissingData: 'breaching' });
    expect(JSON.stringify(noHealthyTask)).toContain('MAX([FILL(first, 0), FILL(second, 0)])');
    const groups = Object.keys(template.findResources(GROUP));
    for (const group of groups) expect(JSON.stringify(noHealthyTask)).toContain(group);
  });
});

describe('a deployment', () => {
  it('goes in steps, or with a first part', () => {
    const linear = service({
      deploymentStrategy: ecs.DeploymentStrategy.LINEAR,
      linearConfiguration: { stepPercent: 25, stepBakeTime: Duration.minutes(3) },
      rollbackOnAlarms: false,
    }).template();
    expect(configuration(linear)).toMatchObject({
      Strategy: 'LINEAR',
      LinearConfiguration: { StepPercent: 25, StepBakeTimeInMinutes: 3 },
    });
    expect(configuration(linear).Alarms).toMatchObject({ AlarmNames: [], Enable: false });
    const canary = service({
      deploymentStrategy: ecs.DeploymentStrategy.CANARY,
      canaryConfiguration: { stepPercent: 5 },
      monitoringEnabled: false,
      rollbackOnAlarms: false,
    }).template();
    expect(configuration(canary)).toMatchObject({ Strategy: 'CANARY', CanaryConfiguration: { CanaryPercent: 5 } });
  });

  it('rolls by default as ever, and by other percents and on alarms when told', () => {
    const byDefault = service({ monitoringEnabled: false }).template();
    expect(configuration(byDefault)).toEqual({
      Alarms: { AlarmNames: [], Enable: false, Rollback: false },
      DeploymentCircuitBreaker: { Enable: true, Rollback: true },
      MaximumPercent: 200,
      MinimumHealthyPercent: 100,
    });
    expect(Object.keys(byDefault.findResources(GROUP))).toHaveLength(1);
    const told = service({
      circuitBreaker: { enable: true, rollback: false },
      minHealthyPercent: 50,
      maxHealthyPercent: 150,
      rollbackOnAlarms: true,
    }).template();
    expect(configuration(told)).toMatchObject({
      DeploymentCircuitBreaker: { Enable: true, Rollback: false },
      MaximumPercent: 150,
      MinimumHealthyPercent: 50,
    });
    expect(rollbackAlarms(told)).toHaveLength(4);
  });

  it('is also failed by alarms of the user’s', () => {
    const stack = new TestStack();
    const found = service({ deploymentAlarms: { alarmNames: ['mine'] }, monitoringEnabled: false }, stack).template();
    expect(configuration(found).Alarms).toMatchObject({ AlarmNames: ['mine'], Enable: true });
  });
});
