import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../lib/shared/package-root';
import { SHAPES } from '../e2e/consumers/served';
import { type CloudFormation, defaultApp, readTemplate } from '../lib/support/default-app';
import { EXAMPLES, exampleFile, synthesizeFile } from '../lib/support/examples';
import { warnings } from '../lib/support/stack';
import { quietApp } from '../lib/support/test-stack';
import { CONSUMERS } from './apps';

const directory = mkdtempSync(join(tmpdir(), 'voicegate-consumers-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Synthesizes an app once; its templates by the name of their stacks. */
function synthesize(name: string): { templates: CloudFormation[]; said: string[] } {
  const outdir = join(directory, name.replaceAll(' ', '-'));
  const app = quietApp(outdir);
  const stacks = CONSUMERS[name]?.(app) ?? [];
  app.synth();
  const files = readdirSync(outdir, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.template.json'),
  );
  return {
    templates: files.map((file) => readTemplate(join(outdir, file))),
    said: stacks.flatMap(warnings).filter((text) => text.includes('voicegate:')),
  };
}

function properties(templates: readonly CloudFormation[], type: string): Readonly<Record<string, unknown>>[] {
  return templates.flatMap(({ Resources }) =>
    Object.values(Resources).flatMap(({ Type, Properties }) => (Type === type ? [Properties] : [])),
  );
}

describe('the shapes of other apps', () => {
  it.each(Object.keys(CONSUMERS))('%s: only the gate is reachable, and nothing is left to warn of', (name) => {
    const { templates, said } = synthesize(name);
    expect(said.filter((text) => !/voicegate:(selfSigned|textInAccessLogs|alarmTopic)/.test(text))).toEqual([]);
    const services = properties(templates, 'AWS::ECS::Service');
    expect(services.length).toBeGreaterThan(0);
    const registered = services.flatMap(({ LoadBalancers }) => (LoadBalancers ?? []) as { ContainerName: string }[]);
    expect(registered.every(({ ContainerName }) => ContainerName === 'gate')).toBe(true);
    const gates = properties(templates, 'AWS::ECS::TaskDefinition').flatMap(
      ({ ContainerDefinitions }) => ContainerDefinitions as { Name: string }[],
    );
    expect(gates.map(({ Name }) => Name)).toContain('gate');
    // What test/e2e/consumers.test.ts skips, it skips for what is really there.
    const shape = SHAPES[name];
    if (shape !== undefined && 'refused' in shape) expect(properties(templates, shape.refused)).not.toEqual([]);
  });
});

describe('what the services of AWS would refuse', () => {
  const python = join(packageRoot(__dirname), '.voicegate/venv/bin/python');
  const missing = !existsSync(python);

  function findings(files: readonly string[]): string[] {
    const script = join(__dirname, 'request_models.py');
    return execFileSync(python, [script, ...files], { encoding: 'utf8', timeout: 100_000 })
      .trim()
      .split('\n');
  }

  it.skipIf(missing && !process.env.CI)(
    `is in no template: of the app, the examples and these apps${missing ? ' (skipped: npm test installs botocore)' : ''}`,
    async () => {
      const files: string[] = [];
      const add = (template: CloudFormation) => {
        const file = join(directory, `${files.length}.json`);
        writeFileSync(file, JSON.stringify(template));
        files.push(file);
      };
      const { app, templateFile } = defaultApp();
      app.synth();
      add(readTemplate(templateFile));
      for (const name of EXAMPLES) Object.values(await synthesizeFile(exampleFile(name))).forEach(add);
      for (const folder of Object.keys(CONSUMERS).map((name) => join(directory, name.replaceAll(' ', '-')))) {
        for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
          if (file.endsWith('.template.json')) add(readTemplate(join(folder, file)));
        }
      }
      const found = findings(files);
      expect(found.slice(0, -1)).toEqual([]);
      expect(Number.parseInt(String(found.at(-1)), 10)).toBeGreaterThan(500);
    },
    240_000,
  );

  it.skipIf(missing && !process.env.CI)('is found where there is some', () => {
    const file = join(directory, 'wrong.json');
    const wrong: Readonly<Record<string, readonly [string, Readonly<Record<string, unknown>>]>> = {
      Enum: ['AWS::ECS::Service', { LaunchType: 'CLOUD' }],
      Length: ['AWS::ElasticLoadBalancingV2::LoadBalancer', { Scheme: 'outside' }],
      Pattern: ['AWS::WAFv2::WebACL', { Name: 'a b' }],
      Range: ['AWS::WAFv2::WebACL', { Rules: [{ Priority: -1 }] }],
      Reference: ['AWS::ECS::Service', { LaunchType: { Ref: 'Kind' } }],
    };
    const Resources = Object.fromEntries(
      Object.entries(wrong).map(([name, [Type, Properties]]) => [name, { Type, Properties }]),
    );
    writeFileSync(file, JSON.stringify({ Resources }));
    const found = findings([file]);
    expect(found.at(-1)).toBe('5 resources compared');
    expect(found.slice(0, -1).map((line) => line.split(' ')[1])).toEqual([
      'Enum.LaunchType:',
      'Length.Scheme:',
      'Pattern.Name:',
      'Range.Rules[0].Priority:',
    ]);
  });
});
