import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../lib/shared/package-root';
import type { CloudFormation } from './support/default-app';
import { EXAMPLES, exampleFile, synthesizeFile } from './support/examples';

const root = packageRoot(__dirname);

function types(templates: Readonly<Record<string, CloudFormation>>): readonly string[] {
  return Object.values(templates).flatMap(({ Resources }) => Object.values(Resources).map(({ Type }) => Type));
}

function count(templates: Readonly<Record<string, CloudFormation>>, type: string): number {
  return types(templates).filter((found) => found === type).length;
}

/** What an example is there to show. */
const SHOWS: Readonly<Record<string, (templates: Readonly<Record<string, CloudFormation>>) => void>> = {
  default: (found) => {
    expect(Object.keys(found)).toEqual(['Speech']);
    for (const type of ['AWS::EC2::VPC', 'AWS::ECS::Service', 'AWS::WAFv2::WebACL', 'AWS::DynamoDB::GlobalTable'])
      expect(count(found, type)).toBe(1);
  },
  'own-network': ({ Platform, Speech }) => {
    const platform = types({ Platform: Platform as CloudFormation });
    const speech = types({ Speech: Speech as CloudFormation });
    expect(platform).toEqual(expect.arrayContaining(['AWS::EC2::VPC', 'AWS::ECS::Cluster']));
    for (const type of ['AWS::EC2::VPC', 'AWS::EC2::NatGateway', 'AWS::ECS::Cluster'])
      expect(speech).not.toContain(type);
    expect(speech).toContain('AWS::ECS::Service');
  },
  'existing-service': (found) => {
    const service = Object.values(found.Existing?.Resources ?? {}).find(({ Type }) => Type === 'AWS::ECS::Service');
    expect(service?.Properties.LoadBalancers).toEqual([
      expect.objectContaining({ ContainerName: 'gate', ContainerPort: 8080 }),
    ]);
  },
  'foreign-authorizer': (found) => {
    expect(count(found, 'AWS::DynamoDB::GlobalTable')).toBe(0);
    expect(JSON.stringify(found.Foreign)).toContain('python3.13');
  },
  'http-api': (found) => {
    expect(count(found, 'AWS::ApiGatewayV2::Authorizer')).toBe(1);
    expect(count(found, 'AWS::ECS::Service')).toBe(0);
  },
  'public-images': ({ Images }) => {
    const resources = Object.values(Images?.Resources ?? {});
    const tasks = resources
      .filter(({ Type }) => Type === 'AWS::ECS::TaskDefinition')
      .map(({ Properties }) => {
        const all = Properties.ContainerDefinitions as { Name: string; Image: string; Command: string[] }[];
        const app = all.find(({ Name }) => Name === 'app');
        const gate = JSON.stringify(all.find(({ Name }) => Name === 'gate'));
        return [app?.Image, app?.Command.join(' '), /127\.0\.0\.1:(\d+)/.exec(gate)?.[1]];
      });
    expect(tasks).toEqual([
      [expect.stringContaining('remsky/kokoro-fastapi-cpu:v'), expect.stringContaining('--port 8880'), '8880'],
      [expect.stringContaining('speaches-ai/speaches:'), expect.stringContaining('speaches.main:create_app'), '8000'],
      [
        expect.stringContaining('matatonic/openedai-speech-min:'),
        expect.stringContaining('--xtts_device none'),
        '8000',
      ],
    ]);
  },
  cloudfront: ({ CloudFront }) => {
    const resources = Object.values(CloudFront?.Resources ?? {});
    const of = (type: string) => resources.filter(({ Type }) => Type === type).map(({ Properties }) => Properties);
    const [distribution] = of('AWS::CloudFront::Distribution');
    const sent = JSON.stringify(distribution).match(/"HeaderName":"X-Origin-Verify","HeaderValue":(\{.*?\]\]\})/)?.[1];
    const checked = of('AWS::ElasticLoadBalancingV2::ListenerRule').find((rule) =>
      JSON.stringify(rule).includes('forward'),
    );
    // The rule asks for what CloudFront sends, and neither stands in the template.
    expect(sent).toContain('resolve:secretsmanager');
    expect(JSON.stringify(checked?.Conditions)).toContain(`"HttpHeaderName":"X-Origin-Verify","Values":[${sent}]`);
    expect(of('AWS::ElasticLoadBalancingV2::Listener').map(({ Port }) => Port)).toEqual([443]);
  },
  'shared-load-balancer': (found) => {
    expect(count(found, 'AWS::ElasticLoadBalancingV2::LoadBalancer')).toBe(1);
    expect(count(found, 'AWS::ECS::Service')).toBe(2);
    expect(count(found, 'AWS::DynamoDB::GlobalTable')).toBe(1);
  },
};

describe('the examples', () => {
  it.each(EXAMPLES)('synthesize to what they show: %s', async (name) => {
    const templates = await synthesizeFile(exampleFile(name));
    expect(SHOWS[name]).toBeDefined();
    SHOWS[name]?.(templates);
  });

  it('are all listed in their README, each with the command that runs it', () => {
    const readme = readFileSync(join(root, 'examples/README.md'), 'utf8');
    for (const name of EXAMPLES) {
      expect(readme).toContain(`(${name}/app.ts)`);
      expect(JSON.parse(readFileSync(join(root, 'examples', name, 'cdk.json'), 'utf8'))).toEqual({
        app: 'npx tsx app.ts',
      });
    }
  });
});
