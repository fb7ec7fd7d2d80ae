/** Small apps in the shapes in which people have their services, each with a gate put in by a few lines. */

import { type App, Duration, NestedStack, RemovalPolicy, type Stack, Stage } from 'aws-cdk-lib';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as codedeploy from 'aws-cdk-lib/aws-codedeploy';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as patterns from 'aws-cdk-lib/aws-ecs-patterns';
import * as efs from 'aws-cdk-lib/aws-efs';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import {
  ApiKeyAuthorizer,
  AuthorizerGate,
  EdgeCertificate,
  HttpsLoadBalancer,
  SecureTtsService,
  ServiceNetwork,
  TaskCapacity,
} from '../../lib';
import { CERTIFICATE_ARN, ENV, TestStack } from '../lib/support/test-stack';

/** Longer than the longest request. */
const IDLE = Duration.seconds(125);

/** Where the apps live, and what runs in them. */
export interface Surroundings {
  readonly env: { readonly account: string; readonly region: string };
  readonly certificateArn: string;
  /** Listens where PORT says. */
  readonly image: () => ecs.ContainerImage;
}

/** Each returns the stacks that it made. */
export type Consumers = Readonly<Record<string, (app: App) => Stack[]>>;

export const CONSUMERS: Consumers = consumersIn({
  env: ENV,
  certificateArn: CERTIFICATE_ARN,
  image: () => ecs.ContainerImage.fromRegistry('example.com/tts:1'),
});

function cluster(scope: Construct): ecs.Cluster {
  return new ecs.Cluster(scope, 'Cluster', { vpc: new ec2.Vpc(scope, 'Vpc', { maxAzs: 2, natGateways: 1 }) });
}

function fargate(scope: Construct, props: Omit<ecs.FargateServiceProps, 'minHealthyPercent'>): ecs.FargateService {
  return new ecs.FargateService(scope, 'Service', { minHealthyPercent: 100, ...props });
}

/** A target group of the gate, for a service in the same stack. */
function targets(scope: Construct, id: string, vpc: ec2.IVpc): elbv2.ApplicationTargetGroup {
  return new elbv2.ApplicationTargetGroup(scope, id, {
    vpc,
    port: AuthorizerGate.PORT,
    protocol: elbv2.ApplicationProtocol.HTTP,
    targetType: elbv2.TargetType.IP,
  });
}

export function consumersIn({ env, certificateArn, image }: Surroundings): Consumers {
  /** A task with an app on port 8000 and its gate. */
  function gatedTask(scope: Construct, authorizer = new ApiKeyAuthorizer(scope, 'Keys')) {
    const taskDefinition = new ecs.FargateTaskDefinition(scope, 'Task', { cpu: 512, memoryLimitMiB: 2048 });
    const app = taskDefinition.addContainer('app', {
      image: image(),
      portMappings: [{ containerPort: 8000, name: 'app' }],
      environment: { PORT: '8000' },
      logging: ecs.LogDrivers.awsLogs({ streamPrefix: 'app' }),
    });
    return { taskDefinition, app, gate: AuthorizerGate.addTo(taskDefinition, { authorizer }) };
  }

  /** A load balancer with an HTTPS listener, by aws-cdk-lib alone. */
  function balancer(scope: Construct, vpc: ec2.IVpc, internetFacing = true) {
    const loadBalancer = new elbv2.ApplicationLoadBalancer(scope, 'Balancer', {
      vpc,
      internetFacing,
      idleTimeout: IDLE,
    });
    const listener = loadBalancer.addListener('Https', {
      port: 443,
      certificates: [elbv2.ListenerCertificate.fromArn(certificateArn)],
      defaultAction: elbv2.ListenerAction.fixedResponse(404),
    });
    return { loadBalancer, listener };
  }

  return {
    'stages of a pipeline': (app) =>
      ['Beta', 'Prod'].map((name) => {
        const stack = new TestStack(env, new Stage(app, name, { env }) as unknown as App, 'Speech');
        new SecureTtsService(stack, 'Tts', {
          image: image(),
          certificate: EdgeCertificate.selfSigned(),
          network: ServiceNetwork.publicSubnets(),
        });
        return stack;
      }),

    'models on EFS': (app) => {
      const stack = new TestStack(env, app, 'Efs');
      const { vpc, ...rest } = { ...gatedTask(stack), vpc: new ec2.Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 1 }) };
      const models = new efs.FileSystem(stack, 'Models', {
        vpc,
        encrypted: true,
        removalPolicy: RemovalPolicy.DESTROY,
      });
      rest.taskDefinition.addVolume({
        name: 'models',
        efsVolumeConfiguration: { fileSystemId: models.fileSystemId, transitEncryption: 'ENABLED' },
      });
      rest.app.addMountPoints({ containerPath: '/models', sourceVolume: 'models', readOnly: true });
      const pattern = new patterns.ApplicationLoadBalancedFargateService(stack, 'Service', {
        vpc,
        taskDefinition: rest.taskDefinition,
        certificate: acm.Certificate.fromCertificateArn(stack, 'Certificate', certificateArn),
        idleTimeout: IDLE,
        minHealthyPercent: 100,
      } as patterns.ApplicationLoadBalancedFargateServiceProps);
      rest.gate.configureTargetGroup(pattern.targetGroup, pattern.service);
      models.connections.allowDefaultPortFrom(pattern.service);
      return [stack];
    },

    'Service Connect': (app) => {
      const stack = new TestStack(env, app, 'Connect');
      const { taskDefinition } = gatedTask(stack);
      const home = cluster(stack);
      home.addDefaultCloudMapNamespace({ name: 'internal', useForServiceConnect: true });
      const service = fargate(stack, {
        cluster: home,
        taskDefinition,
        serviceConnectConfiguration: { services: [{ portMappingName: 'gate', dnsName: 'tts', port: 80 }] },
      });
      const client = new ec2.SecurityGroup(stack, 'Client', { vpc: home.vpc });
      service.connections.allowFrom(client, ec2.Port.tcp(AuthorizerGate.PORT));
      return [stack];
    },

    'an internal load balancer': (app) => {
      const stack = new TestStack(env, app, 'Internal');
      const { taskDefinition, gate } = gatedTask(stack);
      const home = cluster(stack);
      const service = fargate(stack, { cluster: home, taskDefinition });
      const group = targets(stack, 'Targets', home.vpc);
      group.addTarget(gate.loadBalancerTarget(service));
      balancer(stack, home.vpc, false).listener.addTargetGroups('Gate', {
        priority: 1,
        conditions: [elbv2.ListenerCondition.pathPatterns(['*'])],
        targetGroups: [group],
      });
      gate.configureTargetGroup(group, service);
      return [stack];
    },

    'one stack for the network, one for the edge, one for the service': (app) => {
      const base = new TestStack(env, app, 'Base');
      const home = cluster(base);
      const group = new ec2.SecurityGroup(base, 'Tasks', { vpc: home.vpc });
      const edges = new TestStack(env, app, 'Edge');
      const loadBalancer = new HttpsLoadBalancer(edges, 'Edge', {
        vpc: home.vpc,
        certificate: EdgeCertificate.fromArn(certificateArn),
      });
      const stack = new TestStack(env, app, 'Tts');
      new SecureTtsService(stack, 'Tts', { image: image(), cluster: home, loadBalancer, securityGroups: [group] });
      return [base, edges, stack];
    },

    'keys in one stack, two services in others': (app) => {
      const shared = new TestStack(env, app, 'Shared');
      const authorizer = new ApiKeyAuthorizer(shared, 'Keys');
      const home = cluster(shared);
      const services = ['One', 'Two'].map((name) => {
        const stack = new TestStack(env, app, name);
        const { taskDefinition } = gatedTask(stack, authorizer);
        fargate(stack, { cluster: home, taskDefinition });
        return stack;
      });
      return [shared, ...services];
    },

    'a nested stack': (app) => {
      const stack = new TestStack(env, app, 'Parent');
      const home = cluster(stack);
      const group = new ec2.SecurityGroup(stack, 'Tasks', { vpc: home.vpc });
      const nested = new NestedStack(stack, 'Nested');
      const { taskDefinition, gate } = gatedTask(nested);
      const service = fargate(nested, { cluster: home, taskDefinition, securityGroups: [group] });
      const targetGroup = targets(nested, 'Targets', home.vpc);
      targetGroup.addTarget(gate.loadBalancerTarget(service));
      gate.configureTargetGroup(targetGroup, group);
      return [stack];
    },

    'a cluster and a network of another team': (app) => {
      const stack = new TestStack(env, app, 'Imported');
      const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
        vpcId: 'vpc-0123456789abcdef0',
        availabilityZones: ['eu-west-1a', 'eu-west-1b'],
        publicSubnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
        privateSubnetIds: ['subnet-0123456789abcdef2', 'subnet-0123456789abcdef3'],
      });
      const theirs = ecs.Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'theirs', vpc });
      new SecureTtsService(stack, 'Tts', {
        image: image(),
        cluster: theirs,
        certificate: EdgeCertificate.fromArn(certificateArn),
        capacity: TaskCapacity.fargate({ cpu: 1024, memoryLimitMiB: 4096 }),
      });
      return [stack];
    },

    'blue and green by CodeDeploy': (app) => {
      const stack = new TestStack(env, app, 'CodeDeploy');
      const { taskDefinition, gate } = gatedTask(stack);
      const home = cluster(stack);
      const service = fargate(stack, {
        cluster: home,
        taskDefinition,
        deploymentController: { type: ecs.DeploymentControllerType.CODE_DEPLOY },
      });
      const [blue, green] = ['Blue', 'Green'].map((id) => targets(stack, id, home.vpc)) as [
        elbv2.ApplicationTargetGroup,
        elbv2.ApplicationTargetGroup,
      ];
      blue.addTarget(gate.loadBalancerTarget(service));
      const { loadBalancer, listener } = balancer(stack, home.vpc);
      listener.addAction('Gate', { action: elbv2.ListenerAction.forward([blue]) });
      const test = loadBalancer.addListener('Test', {
        port: 8443,
        certificates: [elbv2.ListenerCertificate.fromArn(certificateArn)],
        defaultAction: elbv2.ListenerAction.forward([green]),
        open: false,
      });
      for (const group of [blue, green]) gate.configureTargetGroup(group, service);
      new codedeploy.EcsDeploymentGroup(stack, 'Deployments', {
        service,
        blueGreenDeploymentConfig: {
          blueTargetGroup: blue,
          greenTargetGroup: green,
          listener,
          testListener: test,
        },
      });
      return [stack];
    },

    'blue and green by ECS itself': (app) => {
      const stack = new TestStack(env, app, 'BlueGreen');
      const { taskDefinition, gate } = gatedTask(stack);
      const home = cluster(stack);
      const service = fargate(stack, { cluster: home, taskDefinition });
      const [blue, green] = ['Blue', 'Green'].map((id) => targets(stack, id, home.vpc)) as [
        elbv2.ApplicationTargetGroup,
        elbv2.ApplicationTargetGroup,
      ];
      const { listener } = balancer(stack, home.vpc);
      const rule = new elbv2.ApplicationListenerRule(stack, 'Rule', {
        listener,
        priority: 1,
        conditions: [elbv2.ListenerCondition.pathPatterns(['*'])],
        action: elbv2.ListenerAction.weightedForward([
          { targetGroup: blue, weight: 1 },
          { targetGroup: green, weight: 0 },
        ]),
      });
      const role = new iam.Role(stack, 'Infrastructure', { assumedBy: new iam.ServicePrincipal('ecs.amazonaws.com') });
      const resource = service.node.findChild('Service') as ecs.CfnService;
      resource.loadBalancers = [
        {
          containerName: AuthorizerGate.CONTAINER_NAME,
          containerPort: AuthorizerGate.PORT,
          targetGroupArn: blue.targetGroupArn,
          advancedConfiguration: {
            alternateTargetGroupArn: green.targetGroupArn,
            productionListenerRule: rule.listenerRuleArn,
            roleArn: role.roleArn,
          },
        },
      ];
      resource.addPropertyOverride('DeploymentConfiguration.Strategy', 'BLUE_GREEN');
      for (const group of [blue, green]) gate.configureTargetGroup(group, service);
      return [stack];
    },

    'two services on one load balancer of aws-cdk-lib': (app) => {
      const stack = new TestStack(env, app, 'TwoServices');
      const home = cluster(stack);
      const { loadBalancer, listener } = balancer(stack, home.vpc);
      const edge = HttpsLoadBalancer.fromListener({ loadBalancer, listener });
      const authorizer = new ApiKeyAuthorizer(stack, 'Keys');
      for (const name of ['de', 'zh']) {
        new SecureTtsService(stack, name, {
          image: image(),
          cluster: home,
          loadBalancer: edge,
          authorizer,
          routing: [elbv2.ListenerCondition.hostHeaders([`${name}.example.com`])],
        });
      }
      return [stack];
    },

    'spare capacity that follows the load': (app) => {
      const stack = new TestStack(env, app, 'Spot');
      new SecureTtsService(stack, 'Tts', {
        image: image(),
        certificate: EdgeCertificate.fromArn(certificateArn),
        capacity: TaskCapacity.fargateSpot(),
        scaling: { maxCapacity: 6 },
      });
      return [stack];
    },

    'instances with GPUs': (app) => {
      const stack = new TestStack(env, app, 'Gpu');
      new SecureTtsService(stack, 'Tts', {
        image: image(),
        certificate: EdgeCertificate.fromArn(certificateArn),
        capacity: TaskCapacity.gpu(),
        webSession: true,
        cors: { allowOrigins: ['https://app.example.com'] },
      });
      return [stack];
    },
  };
}
