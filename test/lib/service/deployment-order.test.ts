import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { describe, expect, it } from 'vitest';
import {
  EdgeCertificate,
  GateImage,
  HttpsLoadBalancer,
  type SecureTtsServiceProps,
  ServiceNetwork,
  TaskCapacity,
} from '../../../lib';
import { CERTIFICATE_ARN, only, quietApp, service, TestStack } from '../support/stack';

const SERVICE = 'AWS::ECS::Service';

/** Types of what the service waits for, and so outlives it when the stack is destroyed. */
function precedes(template: Template): string[] {
  const all = template.toJSON().Resources as Readonly<Record<string, { Type: string; DependsOn?: string[] }>>;
  const found = Object.values(all).find(({ Type }) => Type === SERVICE);
  return [...new Set((found?.DependsOn ?? []).map((name) => `${all[name]?.Type}`))].sort();
}

function dependsOn(template: Template): string {
  return JSON.stringify(Object.values(template.findResources(SERVICE))[0]?.DependsOn);
}

describe('the ECS service', () => {
  it('comes after the rights to pull its images and after the way to them', () => {
    const { template } = service();
    expect(dependsOn(template())).toMatch(/TaskExecutionRoleDefaultPolicy/);
    expect(precedes(template())).toContain('AWS::EC2::Route');
  });

  it('comes after the endpoints of an isolated network', () => {
    const stack = new TestStack();
    const repository = ecr.Repository.fromRepositoryName(stack, 'Copies', 'nginx');
    const { template } = service(
      {
        image: ecs.ContainerImage.fromEcrRepository(repository),
        network: ServiceNetwork.isolatedSubnets(),
        gateImage: GateImage.fromEcr(repository, '1.30.5'),
      },
      stack,
    );
    expect(precedes(template())).toContain('AWS::EC2::VPCEndpoint');
  });

  it.each<[string, TaskCapacity, string[]]>([
    ['Fargate Spot', TaskCapacity.fargateSpot(), []],
    ['instances', TaskCapacity.gpu(), ['AWS::AutoScaling::AutoScalingGroup', 'AWS::IAM::Policy']],
  ])('on %s goes before its capacity providers, which ECS keeps while they are in use', (_, capacity, more) => {
    expect(precedes(service({ capacity }).template())).toEqual(
      expect.arrayContaining(['AWS::ECS::ClusterCapacityProviderAssociations', ...more]),
    );
  });
});

describe('the network', () => {
  it('is that of the cluster, or of the load balancer, where only these are given', () => {
    const stack = new TestStack();
    const network = new ec2.Vpc(stack, 'Net', { maxAzs: 2, natGateways: 1 });
    const cluster = new ecs.Cluster(stack, 'Theirs', { vpc: network });
    const byCluster = service({ cluster }, stack);
    byCluster.template().resourceCountIs('AWS::EC2::VPC', 1);
    expect(byCluster.construct.vpc).toBe(network);

    const other = new TestStack();
    const vpc = new ec2.Vpc(other, 'Net', { maxAzs: 2, natGateways: 1 });
    const loadBalancer = new HttpsLoadBalancer(other, 'Edge', {
      vpc,
      certificate: EdgeCertificate.fromArn(CERTIFICATE_ARN),
    });
    const byBalancer = service({ loadBalancer, certificate: undefined }, other);
    byBalancer.template().resourceCountIs('AWS::EC2::VPC', 1);
  });

  it('is one: two that differ are refused', () => {
    const stack = new TestStack();
    const vpc = new ec2.Vpc(stack, 'A', { maxAzs: 2, natGateways: 0 });
    const cluster = new ecs.Cluster(stack, 'Theirs', { vpc: new ec2.Vpc(stack, 'B', { maxAzs: 2, natGateways: 0 }) });
    expect(() => service({ vpc, cluster }, stack)).toThrow(/vpc is in network Test\/A, but cluster in Test\/B/);
  });

  it('may have two public subnets a zone: the load balancer takes one of each, or those that are said', () => {
    const build = (props: Partial<SecureTtsServiceProps> = {}) => {
      const stack = new TestStack();
      const vpc = new ec2.Vpc(stack, 'Net', {
        maxAzs: 2,
        natGateways: 1,
        subnetConfiguration: [
          { name: 'One', subnetType: ec2.SubnetType.PUBLIC },
          { name: 'Two', subnetType: ec2.SubnetType.PUBLIC },
          { name: 'App', subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS },
          { name: 'Data', subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS },
        ],
      });
      const template = service({ vpc, ...props }, stack).template();
      const balancer = JSON.stringify(only(template, 'AWS::ElasticLoadBalancingV2::LoadBalancer').Subnets);
      const tasks = JSON.stringify(only(template, SERVICE).NetworkConfiguration);
      const names = (text: string) =>
        [...text.matchAll(/"Net(\w+)Subnet(\d)Subnet/g)].map(([, kind, zone]) => `${kind}${zone}`);
      return { balancer: names(balancer), tasks: names(tasks) };
    };
    expect(build().balancer).toEqual(['One1', 'One2']);
    expect(
      build({
        loadBalancerOptions: { vpcSubnets: { subnetGroupName: 'Two' } },
        vpcSubnets: { subnetGroupName: 'Data' },
      }),
    ).toEqual({ balancer: ['Two1', 'Two2'], tasks: ['Data1', 'Data2'] });
  });
});

describe('security groups of another stack', () => {
  it.each(['the same stack', 'a third stack'])('make no circle with a load balancer of %s', (where) => {
    const app = quietApp();
    const base = new TestStack(undefined, app, 'Base');
    const vpc = new ec2.Vpc(base, 'Net', { maxAzs: 2, natGateways: 1 });
    const group = new ec2.SecurityGroup(base, 'Tasks', { vpc });
    const stack = new TestStack(undefined, app, 'App');
    const edges = where === 'the same stack' ? stack : new TestStack(undefined, app, 'Edge');
    const certificate = EdgeCertificate.fromArn(CERTIFICATE_ARN);
    const loadBalancer = new HttpsLoadBalancer(edges, 'Edge', { vpc, certificate });
    service({ vpc, loadBalancer, certificate: undefined, securityGroups: [group] }, stack);
    const rules = Template.fromStack(stack).findResources('AWS::EC2::SecurityGroupIngress');
    expect(
      Object.values(rules)
        .map(({ Properties }) => Properties.FromPort)
        .sort(),
    ).toEqual([8080, 8081]);
    expect(Stack.of(group).dependencies).toEqual([]);
  });
});

it('SecureTtsService hands the gate what it is told of proxies, workers and paths', () => {
  const { template } = service({ trustedHops: 2, workers: 4, relaxedPaths: ['/files/*'], gatePort: 18_080 });
  expect(only(template(), 'AWS::ElasticLoadBalancingV2::TargetGroup').Port).toBe(18_080);
  expect(() => service({ trustedHops: 9 })).toThrow(/trustedHops must be a whole number from 0 to 8, got 9/);
  expect(() => service({ workers: 33 })).toThrow(/workers must be a whole number from 1 to 32, got 33/);
  expect(() => service({ relaxedPaths: ['x'] })).toThrow(/relaxedPaths: "x" is not allowed/);
});
