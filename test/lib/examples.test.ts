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
