import { Duration, SecretValue, Size } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { InstanceType } from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { describe, expect, it } from 'vitest';
import {
  ApiKeyAuthorizer,
  AppImage,
  AuthorizerGate,
  EdgeCertificate,
  Firewall,
  GateImage,
  HttpsLoadBalancer,
  ManagedRules,
  RateLimit,
  RequestAuthorizer,
  SecureTtsService,
  ServiceNetwork,
  TaskCapacity,
} from '../../lib';
import { CERTIFICATE_ARN, TestStack, vpc } from './support/stack';

/** One stack for all: what throws leaves a construct behind, so each gets an id of its own. */
const stack = new TestStack();
const network = vpc(stack);
const handler = lambda.Function.fromFunctionName(stack, 'Foreign', 'foreign');
const task = new ecs.FargateTaskDefinition(stack, 'Task');
task.addContainer('app', { image: ecs.ContainerImage.fromRegistry('x'), portMappings: [{ containerPort: 5000 }] });
let count = 0;
const id = () => `Try${count++}`;

/** As JavaScript and Python see the constructors: any value for any prop. */
type Props = Readonly<Record<string, unknown>>;
const image = ecs.ContainerImage.fromRegistry('example.com/tts:1');
const certificate = EdgeCertificate.fromArn(CERTIFICATE_ARN);
const service = (props: Props) => () =>
  new SecureTtsService(stack, id(), { image, certificate, vpc: network, ...props } as never);
const gate = (props: Props) => () => {
  const taskDefinition = new ecs.FargateTaskDefinition(stack, id());
  taskDefinition.addContainer('app', { image, portMappings: [{ containerPort: 5000 }] });
  const authorizer = RequestAuthorizer.fromFunction(handler);
  return AuthorizerGate.addTo(taskDefinition, { authorizer, ...props } as never);
};
const edge = (props: Props) => () =>
  new HttpsLoadBalancer(stack, id(), { vpc: network, certificate, ...props } as never);
const firewall = (props: Props) => () => new Firewall(stack, id(), props as never);
const keys = (props: Props) => () => new ApiKeyAuthorizer(stack, id(), props as never);
const foreign = (options: Props) => () => RequestAuthorizer.fromFunction(handler, options as never);
const call = (what: (value: never) => unknown, value: unknown) => () => what(value as never);

const WRONG: readonly (readonly [string, () => unknown, string])[] = [
  // Of another kind, as only JavaScript and Python let through.
  [
    'no props',
    () => new SecureTtsService(stack, id(), undefined as never),
    'SecureTtsService: props must be an object, got undefined',
  ],
  [
    'no image',
    service({ image: undefined }),
    'SecureTtsService: image must be a container image, such as AppImage.fromUri(',
  ],
  ['a text for an image', service({ image: 'tts:1' }), 'ContainerImage.fromRegistry(\'…\'), got "tts:1"'],
  ['null for an image', service({ image: null }), 'got null'],
  [
    'a text for a certificate',
    service({ certificate: CERTIFICATE_ARN }),
    'SecureTtsService: certificate must be an EdgeCertificate, such as',
  ],
  [
    'a text for a network',
    service({ vpc: 'vpc-1' }),
    'SecureTtsService: vpc must be a network: an ec2.Vpc, or Vpc.fromLookup(…), got "vpc-1"',
  ],
  [
    'a text for the place of tasks',
    service({ network: 'public' }),
    'SecureTtsService: network must be a ServiceNetwork, such as ServiceNetwork.publicSubnets(), got "public"',
  ],
  [
    'a text for the capacity',
    service({ capacity: 'spot' }),
    'SecureTtsService: capacity must be a TaskCapacity, such as TaskCapacity.fargate(), got "spot"',
  ],
  [
    'a text for a number of tasks',
    service({ desiredCount: '2' }),
    'SecureTtsService: desiredCount must be a number, got "2"',
  ],
  [
    'half a task',
    service({ desiredCount: 1.5 }),
    'SecureTtsService: desiredCount must be a whole number from 0 to 1000, got 1.5',
  ],
  [
    'one name for domain names',
    service({ domainNames: 'tts.example.com' }),
    'SecureTtsService: domainNames must be a list of texts, got "tts.example.com"',
  ],
  [
    'a URL for a domain name',
    service({ domainNames: ['https://tts.example.com'] }),
    'HttpsLoadBalancer: domainNames: "https://tts.example.com" is not a domain name',
  ],
  [
    'a function for an authorizer',
    service({ authorizer: handler }),
    'SecureTtsService: authorizer must be an authorizer: an ApiKeyAuthorizer, or RequestAuthorizer.fromFunction(yourFunction), got an object of class',
  ],
  ['a text for a firewall', service({ firewall: 'on' }), 'SecureTtsService: firewall must be a Firewall, got "on"'],
  [
    'a text for a switch',
    service({ firewallEnabled: 'false' }),
    'SecureTtsService: firewallEnabled must be true or false, got "false"',
  ],
  [
    'a bare listener for a load balancer',
    service({ loadBalancer: {}, certificate: undefined }),
    'HttpsLoadBalancer.fromListener({ loadBalancer, listener }) of another one, got {}',
  ],
  [
    'a number in the environment',
    service({ environment: { WORKERS: 2 } }),
    'SecureTtsService: environment must be names with texts for values, got {"WORKERS":2}',
  ],
  [
    'another PORT',
    () => Template.fromStack(own({ environment: { PORT: '8000' } })),
    'says PORT=8000, but upstreamPort is 5000',
  ],
  [
    'a number of seconds',
    service({ longestRequest: 60 }),
    'SecureTtsService: longestRequest must be a Duration, such as Duration.seconds(60), got 60',
  ],
  [
    'a number of bytes',
    service({ maxBodySize: 1024 }),
    'SecureTtsService: maxBodySize must be a Size, such as Size.mebibytes(1), got 1024',
  ],
  ['a text for paths', service({ publicPaths: '/' }), 'SecureTtsService: publicPaths must be a list of texts, got "/"'],
  [
    'a text for the start',
    service({ startupTime: '5 minutes' }),
    'SecureTtsService: startupTime must be a Duration, such as Duration.seconds(60), got "5 minutes"',
  ],
  [
    'scaling without a most',
    service({ scaling: {} }),
    'SecureTtsService: scaling.maxCapacity must be a whole number from 2 to 1000, got none',
  ],
  [
    'scaling the wrong way',
    service({ scaling: { minCapacity: 5, maxCapacity: 2 } }),
    'SecureTtsService: scaling.maxCapacity must be a whole number from 5 to 1000, got 2',
  ],
  [
    'a web ACL of CloudFront',
    service({ webAclArn: 'arn:aws:wafv2:us-east-1:111122223333:global/webacl/x/1' }),
    'SecureTtsService: webAclArn must be that of a regional web ACL',
  ],
  [
    'a login path without a login',
    service({ pageLoginPaths: ['/'] }),
    'SecureTtsService: pageLoginPaths needs pageLogin',
  ],
  // The container.
  [
    'a command line for arguments',
    service({ command: 'python app.py' }),
    'SecureTtsService: command must be a list of texts, got "python app.py"',
  ],
  ['a uid as number', service({ user: 1000 }), 'SecureTtsService: user must be a text, got 1000'],
  ['no CPU', service({ cpu: 0 }), 'SecureTtsService: cpu must be a whole number from 1 to 16384, got 0'],
  [
    'less memory than ECS takes',
    service({ memoryLimitMiB: 4 }),
    'SecureTtsService: memoryLimitMiB must be a whole number from 6 to 122880, got 4',
  ],
  [
    'more set aside than there is',
    service({ memoryLimitMiB: 256, memoryReservationMiB: 512 }),
    'SecureTtsService: memoryReservationMiB must be a whole number from 6 to 256, got 512',
  ],
  [
    'a mount of nothing',
    service({ mountPoints: [{ sourceVolume: 'models', containerPath: '/m', readOnly: true }] }),
    'SecureTtsService: mountPoints: no volume is named "models"; volumes has none',
  ],
  [
    "the gate's own volume",
    service({ volumes: [{ name: 'voicegate' }] }),
    'SecureTtsService: volumes: "voicegate" is taken by the gate; give each a name of its own',
  ],
  [
    'two volumes of a name',
    service({ volumes: [{ name: 'a' }, { name: 'a' }] }),
    'SecureTtsService: volumes: "a" is taken twice; give each a name of its own',
  ],
  [
    'an ARN for a role',
    service({ taskRole: 'arn:aws:iam::1:role/x' }),
    'SecureTtsService: taskRole must be a role: an iam.Role, or Role.fromRoleArn(…), got "arn:aws:iam::1:role/x"',
  ],
  [
    'a family for a task definition',
    service({ image: undefined, taskDefinition: 'tts:1' }),
    'SecureTtsService: taskDefinition must be a task definition with the app in it, got "tts:1"',
  ],
  // Deployments.
  [
    'an unknown strategy',
    service({ deploymentStrategy: 'BIG_BANG' }),
    'SecureTtsService: deploymentStrategy must be one of ROLLING, BLUE_GREEN, LINEAR, CANARY, got "BIG_BANG"',
  ],
  [
    'a bake time for rolling deployments',
    service({ bakeTime: Duration.minutes(5) }),
    'SecureTtsService: bakeTime is for deploymentStrategy BLUE_GREEN, LINEAR, CANARY, but that is ROLLING; leave one of them out',
  ],
  [
    'half a minute of baking',
    service({ deploymentStrategy: 'CANARY', bakeTime: Duration.seconds(30) }),
    'SecureTtsService: bakeTime must be whole minutes from 0 to 1440, got 0.5 minutes',
  ],
  [
    'a step that is too small',
    service({ deploymentStrategy: 'LINEAR', linearConfiguration: { stepPercent: 1 } }),
    'SecureTtsService: linearConfiguration.stepPercent must be from 3 to 100 percent, got 1',
  ],
  [
    'a circuit breaker where there is none',
    service({ deploymentStrategy: 'BLUE_GREEN', circuitBreaker: { enable: true } }),
    'SecureTtsService: circuitBreaker is for deploymentStrategy ROLLING, but that is BLUE_GREEN; leave one of them out',
  ],
  [
    'rules for some paths beside a rule that moves',
    service({
      deploymentStrategy: 'BLUE_GREEN',
      tokenValidation: { issuer: 'https://i', jwksEndpoint: 'https://i/k', audiences: ['a'] },
    }),
    'SecureTtsService: deploymentStrategy BLUE_GREEN moves the requests of one rule of the listener, but tokenValidation adds rules',
  ],
  [
    'no room for a deployment',
    service({ minHealthyPercent: 100, maxHealthyPercent: 100 }),
    'SecureTtsService: maxHealthyPercent must be a whole number from 101 to 200, got 100',
  ],
  [
    'a rollback on alarms that are not there',
    service({ rollbackOnAlarms: true, monitoringEnabled: false }),
    'SecureTtsService: rollbackOnAlarms needs the alarms, but monitoringEnabled is false',
  ],
  // Logs.
  [
    'a key by its ARN',
    service({ logEncryptionKey: 'arn:aws:kms:x' }),
    'SecureTtsService: logEncryptionKey must be a KMS key: a kms.Key, or Key.fromKeyArn(…), got "arn:aws:kms:x"',
  ],
  [
    'a snapshot of a log',
    service({ logRemovalPolicy: 'snapshot' }),
    'logRemovalPolicy must be RemovalPolicy.DESTROY, RETAIN or RETAIN_ON_UPDATE_OR_DELETE, got "snapshot"',
  ],
  // The gate.
  ['a gate without CPU', gate({ gateCpu: 0 }), 'AuthorizerGate: gateCpu must be a whole number from 1 to 16384, got 0'],
  [
    'less memory than strangers can take',
    gate({ gateMemoryLimitMiB: 64 }),
    'AuthorizerGate: gateMemoryLimitMiB must be a whole number from 256 to 122880, got 64',
  ],
  [
    'more of it set aside than there is',
    gate({ gateMemoryReservationMiB: 512 }),
    'AuthorizerGate: gateMemoryReservationMiB must be a whole number from 64 to 256, got 512',
  ],
  [
    'no authorizer',
    gate({ authorizer: undefined }),
    'AuthorizerGate: authorizer must be an authorizer: an ApiKeyAuthorizer, or RequestAuthorizer.fromFunction(yourFunction), got none',
  ],
  ['a port as text', gate({ upstreamPort: '5000' }), 'AuthorizerGate: upstreamPort must be a number, got "5000"'],
  [
    'no port at all',
    gate({ upstreamPort: 0 }),
    'AuthorizerGate: upstreamPort must be a whole number from 1 to 65535, got 0',
  ],
  [
    'a port of nobody',
    gate({ upstreamPort: 5001 }),
    'AuthorizerGate: no container maps upstreamPort 5001; mapped are 5000 (container "app")',
  ],
  [
    'a privileged port',
    gate({ gatePort: 443 }),
    'AuthorizerGate: gatePort must be a whole number from 1024 to 65535, got 443',
  ],
  [
    'negative hops',
    gate({ trustedHops: -1 }),
    'AuthorizerGate: trustedHops must be a whole number from 0 to 8, got -1',
  ],
  ['too many workers', gate({ workers: 64 }), 'AuthorizerGate: workers must be a whole number from 1 to 32, got 64'],
  [
    'a relative path',
    gate({ synthesisPaths: ['tts'] }),
    'AuthorizerGate: synthesisPaths: "tts" is not allowed; a path pattern is an absolute path such as "/tts"',
  ],
  [
    'all paths relaxed',
    gate({ relaxedPaths: ['/*'] }),
    'AuthorizerGate: relaxedPaths: "/*" is every path; name a prefix such as "/files/*"',
  ],
  [
    'a lower-case method',
    gate({ publicPaths: ['get /x'] }),
    'AuthorizerGate: publicPaths: "get /x" is not allowed; write "/path" (GET and HEAD)',
  ],
  [
    'a scope with a space',
    gate({ requiredScopes: [{ path: '/x', scopes: ['a b'] }] }),
    'AuthorizerGate: requiredScopes: scope "a b" of "/x" must be 1 to 256 printable ASCII',
  ],
  [
    'a scope for scopes',
    gate({ requiredScopes: [{ path: '/x', scopes: 'a' }] }),
    'AuthorizerGate: requiredScopes: scopes of "/x" must be a list of texts, got "a"',
  ],
  [
    'a readiness path for nginx to trip over',
    gate({ readinessPath: '/a b' }),
    'AuthorizerGate: readinessPath must begin with "/" and hold no spaces, quotes or braces, got "/a b"',
  ],
  [
    'a body of nothing',
    gate({ maxBodySize: Size.bytes(0) }),
    'AuthorizerGate: maxBodySize must be from 1 byte to 1 GiB, got 0 bytes',
  ],
  [
    'a body of too much',
    gate({ maxBodySize: Size.gibibytes(2) }),
    'AuthorizerGate: maxBodySize must be from 1 byte to 1 GiB, got 2147483648 bytes',
  ],
  [
    'half a second',
    gate({ longestRequest: Duration.millis(500) }),
    'AuthorizerGate: longestRequest must be whole seconds from 1 to 3600, got 0.5 s',
  ],
  [
    'a day of grace',
    gate({ staleGrace: Duration.days(1) }),
    'AuthorizerGate: staleGrace must be whole seconds from 0 to 3600, got 86400 s',
  ],
  [
    'a long drain',
    gate({ drainDelay: Duration.minutes(2) }),
    'AuthorizerGate: drainDelay must be whole seconds from 0 to 60, got 120 s',
  ],
  ['a number for limits', gate({ limits: 5 }), 'AuthorizerGate: limits must be an object, got 5'],
  [
    'no limit at all',
    gate({ limits: { requestsPerMinute: 0 } }),
    'AuthorizerGate: limits.requestsPerMinute must be a whole number from 1 to 1000000, got 0',
  ],
  [
    'a limit as text',
    gate({ limits: { inFlight: '8' } }),
    'AuthorizerGate: limits.inFlight must be a whole number from 1 to 10000, got "8"',
  ],
  [
    'a ban in seconds',
    gate({ limits: { banTime: 60 } }),
    'AuthorizerGate: limits.banTime must be a Duration, such as Duration.seconds(60), got 60',
  ],
  ['sessions without keys', gate({ webSession: true }), 'AuthorizerGate: webSession needs an authorizer of API keys'],
  [
    'a session for ever',
    gate({ webSessionDuration: Duration.days(2) }),
    'AuthorizerGate: webSessionDuration needs webSession: true',
  ],
  [
    'one origin for origins',
    gate({ cors: { allowOrigins: 'https://a.example.com' } }),
    'cors: allowOrigins must be a list of texts, got "https://a.example.com"',
  ],
  [
    'an origin with a path',
    gate({ cors: { allowOrigins: ['https://a.example.com/x'] } }),
    'cors: allowOrigins must be origins such as https://app.example.com',
  ],
  [
    'a tag of Alpine',
    () => GateImage.publicEcr('stable-alpine'),
    'GateImage.publicEcr: tag must be of an image based on Debian, such as',
  ],
  ['a tag with a space', () => GateImage.publicEcr('a b'), 'GateImage.publicEcr: tag must be an image tag such as'],
  // The edge.
  [
    'no certificate',
    edge({ certificate: undefined }),
    'HttpsLoadBalancer: certificate must be an EdgeCertificate, such as EdgeCertificate.fromArn(arn), got none',
  ],
  [
    'an idle timeout of an hour and more',
    edge({ idleTimeout: Duration.hours(2) }),
    'HttpsLoadBalancer: idleTimeout must be whole seconds from 1 to 4000, got 7200 s',
  ],
  [
    'no port at all for HTTPS',
    edge({ httpsPort: 0 }),
    'HttpsLoadBalancer: httpsPort must be a whole number from 1 to 65535, got 0',
  ],
  [
    'HTTPS where the redirect is',
    edge({ httpsPort: 80 }),
    'HttpsLoadBalancer: httpsPort 80 is where redirectHttp answers; switch that off or choose another',
  ],
  [
    'nobody who may connect',
    edge({ allowedPeers: [] }),
    'HttpsLoadBalancer: allowedPeers must name at least one, got none; leave it out to admit anyone',
  ],
  [
    'a secret in plain text',
    edge({ originHeader: { value: 'secret' } }),
    "HttpsLoadBalancer: originHeader: value must be a SecretValue, such as SecretValue.secretsManager('…'), got",
  ],
  [
    'a short secret',
    edge({ originHeader: { value: SecretValue.unsafePlainText('tiny') } }),
    'HttpsLoadBalancer: originHeader: a value must be 16 to 128 printable characters without space, *, ? and \\, got 4 characters',
  ],
  [
    'a header with a colon',
    edge({ originHeader: { value: SecretValue.secretsManager('x'), name: 'X:' } }),
    'HttpsLoadBalancer: originHeader.name must be 1 to 40 letters, digits and "-", got "X:"',
  ],
  [
    'a frame from anywhere',
    edge({ securityHeaders: { frameOptions: 'ALLOWALL' } }),
    'HttpsLoadBalancer: securityHeaders: frameOptions must be DENY or SAMEORIGIN, got "ALLOWALL"',
  ],
  [
    'no ARN',
    call(EdgeCertificate.fromArn, undefined),
    'EdgeCertificate.fromArn: certificateArn must be a text, got none',
  ],
  [
    'another ARN',
    call(EdgeCertificate.fromArn, 'arn:aws:s3:::x'),
    'EdgeCertificate.fromArn: "arn:aws:s3:::x" is no certificate of AWS Certificate Manager',
  ],
  [
    'nothing to join',
    call(HttpsLoadBalancer.fromListener, {}),
    'HttpsLoadBalancer.fromListener: loadBalancer must be an object, got none',
  ],
  // The firewall.
  [
    'a country by name',
    firewall({ allowedCountries: ['Germany'] }),
    'Firewall: allowedCountries must be two-letter codes such as "DE", got "Germany"',
  ],
  [
    'one network for networks',
    firewall({ blockedCidrs: '192.0.2.0/24' }),
    'Firewall: blockedCidrs must be a list of texts, got "192.0.2.0/24"',
  ],
  [
    'a network of everybody',
    firewall({ blockedCidrs: ['0.0.0.0/0'] }),
    'Firewall: blockedCidrs: "0.0.0.0/0" is not allowed',
  ],
  [
    'a text for limits',
    firewall({ rateLimits: ['100'] }),
    'Firewall: rateLimits must be a list of objects, got ["100"]',
  ],
  [
    'a rate below the minimum',
    call(RateLimit.perIp, { requests: 5 }),
    "RateLimit.perIp: requests must be at least 10 (AWS WAF's minimum), got 5",
  ],
  [
    'a rate as text',
    call(RateLimit.perIp, { requests: '100' }),
    'RateLimit.perIp: requests must be a number, got "100"',
  ],
  ['no rate', call(RateLimit.perIp, undefined), 'RateLimit.perIp: props must be an object, got undefined'],
  [
    'a window of its own',
    call(RateLimit.perIp, { requests: 100, window: Duration.seconds(90) }),
    'RateLimit.perIp: window must be one of 60, 120, 300, 600 seconds, got 90',
  ],
  [
    'a rule that is none',
    call(ManagedRules.common, { count: ['NoSuchRule'] }),
    'ManagedRules.common: count: AWSManagedRulesCommonRuleSet has no rule "NoSuchRule"; it has',
  ],
  // The authorizers.
  ['a long prefix', keys({ keyPrefix: 'much-too-long' }), 'much-too-long'],
  [
    'a ttl in seconds',
    keys({ positiveTtl: 60 }),
    'ApiKeyAuthorizer: positiveTtl must be a Duration, such as Duration.seconds(60), got 60',
  ],
  [
    'little memory',
    keys({ memorySize: 64 }),
    'ApiKeyAuthorizer: memorySize must be a whole number from 128 to 10240, got 64',
  ],
  [
    'one issuer for issuers',
    keys({ tokenIssuers: 'https://x' }),
    'ApiKeyAuthorizer: tokenIssuers must be a list of objects, got "https://x"',
  ],
  [
    'an ARN for a function',
    call(RequestAuthorizer.fromFunction, 'arn:aws:lambda:x'),
    'RequestAuthorizer.fromFunction: handler must be a Lambda function, got "arn:aws:lambda:x"',
  ],
  [
    'an identity source by name',
    foreign({ identitySource: ['Authorization'] }),
    'RequestAuthorizer.fromFunction: identitySource "Authorization" is not allowed; use one of $request.header.NAME',
  ],
  // The tasks.
  [
    'a CPU that Fargate has not',
    call(TaskCapacity.fargate, { cpu: 1000 }),
    'TaskCapacity.fargate: cpu must be one of 256, 512, 1024, 2048, 4096, 8192, 16384, got 1000',
  ],
  [
    'memory that does not go with it',
    call(TaskCapacity.fargate, { cpu: 1024, memoryLimitMiB: 512 }),
    'TaskCapacity.fargate: memoryLimitMiB must be from 2048 to 8192 in steps of 1024 for cpu 1024, got 512',
  ],
  [
    'storage beyond what there is',
    call(TaskCapacity.fargate, { ephemeralStorage: Size.gibibytes(500) }),
    'TaskCapacity.fargate: ephemeralStorage must be from 21 to 200 GiB, got 500 GiB',
  ],
  [
    'no NAT gateway',
    () => ServiceNetwork.privateSubnets({ natGateways: 0 }),
    'ServiceNetwork.privateSubnets: natGateways must be a whole number from 1 to 6, got 0',
  ],
  [
    'memory aimed at by nothing',
    service({ scaling: { maxCapacity: 4, targetMemoryPercent: 0 } }),
    'SecureTtsService: scaling.targetMemoryPercent must be a whole number from 10 to 95, got 0',
  ],
  [
    'only spare capacity without a share',
    () => TaskCapacity.fargateSpot({ spotWeight: 0 }),
    'TaskCapacity.fargateSpot: spotWeight must be a whole number from 1 to 1000, got 0',
  ],
  [
    'fewer instances at most than at least',
    () => TaskCapacity.ec2({ minInstances: 5, maxInstances: 2 }),
    'TaskCapacity.ec2: maxInstances must be a whole number from 5 to 1000, got 2',
  ],
  [
    'instances of two architectures',
    () =>
      TaskCapacity.ec2({
        instanceType: new InstanceType('m7g.large'),
        otherInstanceTypes: [new InstanceType('m7i.large')],
      }),
    'TaskCapacity.ec2: otherInstanceTypes: m7i.large is x86_64, but instanceType m7g.large is arm64',
  ],
  [
    'GPUs by halves',
    () => TaskCapacity.gpu({ gpuCount: 0.5 }),
    'TaskCapacity.gpu: gpuCount must be a whole number from 1 to 16, got 0.5',
  ],
  ['an image by nothing', call(AppImage.fromUri, undefined), 'AppImage.fromUri: undefined is no image URI'],
  [
    'an empty folder',
    call(AppImage.fromFolder, '/nowhere'),
    'AppImage.fromFolder: folder must be one with a Dockerfile, got "/nowhere"',
  ],
];

/** A stack of its own, for what is found at synthesis. */
function own(props: Props): TestStack {
  const separate = new TestStack();
  new SecureTtsService(separate, 'Service', {
    image,
    certificate,
    network: ServiceNetwork.publicSubnets(),
    ...props,
  } as never);
  return separate;
}

describe('a wrong input', () => {
  it('has at least sixty ways here', () => {
    expect(WRONG.length).toBeGreaterThan(60);
  });

  it.each(WRONG)('is told in a sentence: %s', (_, build, message) => {
    let thrown: unknown;
    try {
      build();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(Error);
    const { name, message: said } = thrown as Error;
    expect(name).not.toBe('TypeError');
    expect(said).not.toMatch(/gate option/);
    expect(said).toContain(message);
  });
});
