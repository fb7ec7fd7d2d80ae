import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CfnResource } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it, vi } from 'vitest';
import { type CloudFormation, defaultApp, readTemplate } from './support/default-app';
import { warnings } from './support/stack';

const synthesized = new Map<string, CloudFormation>();

/** The template of the app, synthesized once for each configuration. */
function template(context: Readonly<Record<string, string>> = {}): CloudFormation {
  const name = JSON.stringify(context);
  const found = synthesized.get(name) ?? synthesize(context);
  synthesized.set(name, found);
  return found;
}

function synthesize(context?: Readonly<Record<string, string>>): CloudFormation {
  const { app, templateFile } = defaultApp(context);
  app.synth();
  return readTemplate(templateFile);
}

function types(found: CloudFormation): string[] {
  return Object.values(found.Resources).map(({ Type }) => Type);
}

/** With its assets in the assembly. */
const STAGED = { 'aws:cdk:disable-asset-staging': false };
const CERTIFICATE = 'arn:aws:acm:eu-west-1:111122223333:certificate/11111111-2222-3333-4444-555555555555';

describe('the app without any configuration', () => {
  it('passes the AwsSolutions rules of cdk-nag, every exception with its reason', () => {
    const { app } = defaultApp({}, (_, stack) => new Bucket(stack, 'Careless'));
    app.synth();
    const found = new AwsSolutionsChecks().validateScope(app).violations;
    // The rules did look: they find what nobody acknowledged, and nothing but that.
    expect(found.map(({ ruleName }) => ruleName)).toContain('AwsSolutions-S10');
    const places = found.flatMap((one) => one.violatingResources.map(({ constructPath }) => constructPath));
    expect([...new Set(places)]).toEqual(['Voicegate/Careless/Resource']);
  });

  it('passes what the CDK itself checks in every template', () => {
    vi.stubEnv('CDK_VALIDATION', 'true');
    const wrong = { type: 'AWS::S3::Bucket', properties: { NoSuchProperty: 1 } };
    const { app } = defaultApp({}, (_, stack) => new CfnResource(stack, 'Wrong', wrong));
    let said = '';
    try {
      app.synth();
    } catch (error) {
      said = String(error);
    }
    // The rules did look: they find what is wrong, and nothing but that.
    expect(said.match(/\b(ERROR|FATAL) .*\n.*$/gm)).toEqual([
      expect.stringMatching(/^ERROR NoSuchProperty: .*\n +Voicegate\/Wrong /),
    ]);
  });

  it('warns of a self-signed certificate, of text in access logs and of alarms that nobody hears, and of nothing else', () => {
    expect(warnings(defaultApp().stack).sort()).toEqual([
      expect.stringMatching(/Access logs hold whole URLs.* Here: -c accessLogs=false/),
      expect.stringContaining('Nobody is told of alarms: give alarmTopic (of the app: -c alarmEmail='),
      expect.stringMatching(/The certificate is self-signed.* Here: -c letsEncryptEmail=.* -c certificateArn=/),
    ]);
    const careful = { accessLogs: 'false', certificateArn: CERTIFICATE, alarmEmail: 'you@example.com' };
    expect(warnings(defaultApp(careful).stack)).toEqual([]);
  });

  it('warns of a firewall that is tighter than the gate', () => {
    expect(warnings(defaultApp({ firewallRequests: '30' }).stack).join()).toContain(
      "30 requests a minute and address through, fewer than the gate's 60",
    );
  });

  it('tells the address, the load balancer, the certificate, the key table and the log in outputs', () => {
    expect(Object.keys(template().Outputs).sort()).toEqual([
      expect.stringMatching(/KeyTableName[0-9A-F]{8}$/),
      'CertificateArn',
      'LoadBalancerDnsName',
      expect.stringMatching(/GateLogGroupName[0-9A-F]{8}$/),
      'ServiceUrl',
    ]);
  });

  it('needs no container builder to be synthesized: the image is a folder until it is deployed', () => {
    const { app, outdir } = defaultApp(STAGED);
    app.synth();
    const dockerfiles = readdirSync(outdir).filter((name) => existsSync(join(outdir, name, 'Dockerfile')));
    expect(dockerfiles).toHaveLength(1);
    expect(existsSync(join(outdir, String(dockerfiles[0]), 'tests'))).toBe(false);
  });

  it("has functions that find their packages where the local cloud runs them: the CDK's own use AWS's clients", () => {
    const { app, outdir } = defaultApp(STAGED);
    app.synth();
    const functions = readdirSync(outdir, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /^asset\.[^/]+\/index\.m?js$/.test(name),
    );
    const used = functions.flatMap((name) =>
      [...readFileSync(join(outdir, name), 'utf8').matchAll(/["'](@aws-sdk\/client-[a-z0-9-]+)["']/g)].map(
        ([, found]) => found,
      ),
    );
    expect(used).toContain('@aws-sdk/client-s3');
    const lock = readFileSync(join(import.meta.dirname, '../../package-lock.json'), 'utf8');
    const { packages } = JSON.parse(lock) as { packages: Record<string, { version: string; dev?: boolean }> };
    for (const name of used) {
      // Without the mark of what is for development: `npm start` installs it.
      expect(packages[`node_modules/${name}`], name).toEqual(expect.not.objectContaining({ dev: true }));
    }
  });

  it('is the same each time, so that a deployment without a change changes nothing', () => {
    expect(synthesize()).toEqual(template());
  });

  it('runs the bundled image on a read-only file system', () => {
    const [task] = Object.values(template().Resources).filter(({ Type }) => Type === 'AWS::ECS::TaskDefinition');
    const containers = task?.Properties.ContainerDefinitions as Record<string, unknown>[];
    expect(containers.map(({ Name, ReadonlyRootFilesystem }) => [Name, ReadonlyRootFilesystem])).toEqual([
      ['app', true],
      ['gate-init', true],
      ['gate', true],
    ]);
  });
});

describe('the app with configuration', () => {
  it('uses a certificate, and then makes none', () => {
    const found = template({ certificateArn: CERTIFICATE });
    expect(types(found)).not.toContain('Custom::SelfSignedCertificate');
    expect(found.Outputs.CertificateArn?.Value).toBe(CERTIFICATE);
  });

  it('has the certificate of a domain issued through its hosted zone', () => {
    const found = template({ hostedZoneId: 'Z1', hostedZoneName: 'example.org', domainNames: 'tts.example.org' });
    expect(types(found)).toContain('AWS::CertificateManager::Certificate');
    expect(found.Outputs.ServiceUrl?.Value).toBe('https://tts.example.org');
  });

  it('saves the NAT gateway in a public network, and the web ACL without a firewall', () => {
    const found = types(template({ network: 'public', firewall: 'false' }));
    expect(found).not.toContain('AWS::EC2::NatGateway');
    expect(found.filter((type) => type.startsWith('AWS::WAFv2'))).toEqual([]);
  });

  it('tells its image which engine speaks, with as many threads as the task has CPUs', () => {
    const app = (context: Record<string, string>): unknown =>
      Object.values(template(context).Resources)
        .filter(({ Type }) => Type === 'AWS::ECS::TaskDefinition')
        .flatMap(({ Properties }) => Properties.ContainerDefinitions as { Name: string; Environment: unknown }[])
        .find(({ Name }) => Name === 'app')?.Environment;
    const port = { Name: 'PORT', Value: '5000' };
    // Three quarters of the two minutes that a request may take.
    const whole = { Name: 'TTS_WHOLE_SECONDS', Value: '90' };
    expect(app({})).toEqual([port, whole, { Name: 'TTS_THREADS', Value: '2' }]);
    expect(app({ engine: 'espeak-ng', cpu: '512', memory: '1024' })).toEqual([
      port,
      whole,
      { Name: 'TTS_ENGINE', Value: 'espeak-ng' },
      { Name: 'TTS_THREADS', Value: '1' },
    ]);
    expect(app({ image: '111122223333.dkr.ecr.eu-west-1.amazonaws.com/tts:1' })).toEqual([port]);
  });

  it('pulls an image by its URI and builds none', () => {
    const uri = '111122223333.dkr.ecr.eu-west-1.amazonaws.com/tts:1';
    const found = JSON.stringify(template({ image: uri }));
    expect(found).toContain('111122223333.dkr.ecr.eu-west-1');
    expect(found).toMatch(/repository\/tts/);
  });

  it('sets limits in gate and firewall together', () => {
    const [acl] = Object.values(template({ requestsPerMinute: '200', firewallWindow: '120' }).Resources).filter(
      ({ Type }) => Type === 'AWS::WAFv2::WebACL',
    );
    const limits = JSON.stringify(acl).match(/"Limit":\d+/g);
    // Ten times 200 and 10 a minute, over two minutes.
    expect(limits).toEqual(['"Limit":4000', '"Limit":200']);
  });

  it('brings an app that listens on a port of its own', () => {
    const found = JSON.stringify(template({ appPort: '8880' }));
    expect(found).toContain('{"Name":"PORT","Value":"8880"}');
    expect(found).toContain('127.0.0.1:8880');
  });

  it('gives an app its environment, secrets and number of tasks, and keeps logs as long as asked', () => {
    const arn = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:voice-token';
    const found = template({
      environment: 'VOICE=zh',
      secretArns: `TOKEN=${arn},OTHER=arn:aws:ssm:eu-west-1:111122223333:parameter/tts/other`,
      capacity: 'spot',
      desiredCount: '2',
      maxTasks: '5',
      logRetention: '180',
      availabilityZones: 'a,c',
    });
    const all = JSON.stringify(found);
    const properties = (type: string) =>
      Object.values(found.Resources).flatMap(({ Type, Properties }) => (Type === type ? [Properties] : []));
    expect(all).toContain('{"Name":"VOICE","Value":"zh"}');
    expect(all).toContain(`{"Name":"TOKEN","ValueFrom":"${arn}"}`);
    expect(all).toMatch(/"Name":"OTHER","ValueFrom":.{0,200}parameter\/tts\/other/);
    expect(properties('AWS::ECS::Service')[0]?.CapacityProviderStrategy).toHaveLength(2);
    expect(properties('AWS::ApplicationAutoScaling::ScalableTarget')).toMatchObject([
      { MinCapacity: 2, MaxCapacity: 5 },
    ]);
    const kept = properties('AWS::Logs::LogGroup').map(({ RetentionInDays }) => RetentionInDays);
    expect(kept.sort()).toEqual([180, 180, 180, 180]);
    const zones = properties('AWS::EC2::Subnet').map(({ AvailabilityZone }) => AvailabilityZone);
    expect([...new Set(zones)]).toEqual(['eu-west-1a', 'eu-west-1c']);
  });

  it('goes on with the key table of an earlier stack', () => {
    const found = template({ keyTableName: 'left-behind' });
    expect(types(found)).not.toContain('AWS::DynamoDB::GlobalTable');
    expect(JSON.stringify(found.Outputs)).toContain('left-behind');
  });
});
