import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describePrice, idlePrice } from '../../bin/idle-price';
import { defaultApp } from '../lib/support/default-app';

const root = join(__dirname, '../..');

function lines(context?: Readonly<Record<string, string>>): Readonly<Record<string, number>> {
  return Object.fromEntries(idlePrice(defaultApp(context).stack).map(({ what, monthly }) => [what, monthly]));
}

describe('the price before the first request', () => {
  it('has a line for everything that costs while nobody calls', () => {
    const found = lines();
    expect(Object.keys(found)).toEqual(
      expect.arrayContaining([
        '1 × task of 2 vCPU and 4 GB',
        '1 × NAT gateway',
        '1 × load balancer',
        // Two of the load balancer, one of the NAT gateway.
        '3 × public IPv4 address',
        '1 × web ACL',
        '9 × rule of the web ACL',
        '14 × alarm',
      ]),
    );
    // 2 × 0.04048 + 4 × 0.004445 + 20 × 0.000111 USD an hour.
    expect(found['1 × task of 2 vCPU and 4 GB']).toBeCloseTo(73.7, 1);
    expect(found['1 × NAT gateway']).toBeCloseTo(32.85, 2);
  });

  it('counts the tasks that run at least, where their number follows the load', () => {
    expect(lines({ desiredCount: '2', maxTasks: '5' })).toHaveProperty('2 × task of 2 vCPU and 4 GB');
  });

  it('grows with tasks, and shrinks without NAT gateway and firewall', () => {
    const found = lines({ desiredCount: '3', network: 'public', firewall: 'false', architecture: 'arm64' });
    expect(found['3 × task of 2 vCPU and 4 GB']).toBeCloseTo(3 * (2 * 0.03238 + 4 * 0.00356 + 20 * 0.000111) * 730, 1);
    expect(Object.keys(found).join()).not.toMatch(/NAT|web ACL/);
    // Two of the load balancer, three of the tasks.
    expect(found).toHaveProperty('5 × public IPv4 address');
  });

  it('is told in one sentence, the largest first', () => {
    expect(
      describePrice([
        { what: 'a', monthly: 5 },
        { what: 'b', monthly: 32.85 },
      ]),
    ).toBe('About 38 USD a month before the first request, at list prices of us-east-1: b 33, a 5.00.');
  });

  it('is in the docs as the app says it', () => {
    const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
    // A quotation, whose lines are broken as any other's.
    expect(page.replaceAll('\n> ', ' ')).toContain(` ${describePrice(idlePrice(defaultApp().stack))}\n`);
  });

  it('counts what tasks in public subnets and on spare capacity cost', () => {
    const found = lines({ desiredCount: '3', network: 'public', capacity: 'spot', cpu: '1024', memory: '4096' });
    // Two of the load balancer, three of the tasks.
    expect(found).toHaveProperty('5 × public IPv4 address');
    const size = (0.04048 + 4 * 0.004445) * 730;
    const storage = 20 * 0.000111 * 730;
    expect(found['1 × task of 1 vCPU and 4 GB']).toBeCloseTo(size + storage, 1);
    expect(found['2 × task of 1 vCPU and 4 GB on spare capacity']).toBeCloseTo(2 * (0.3 * size + storage), 1);
  });

  it.each(['README.md', 'README.zh-CN.md'])('is what %s says of each size', (page) => {
    const text = readFileSync(new URL(`../../${page}`, import.meta.url), 'utf8');
    const sizes = [...text.matchAll(/^\| [^|]+ \| (none|无|`[^|]*`) \| (\d+) \|$/gm)];
    expect(sizes).toHaveLength(3);
    for (const [, settings = '', price] of sizes) {
      const context = Object.fromEntries(
        [...settings.matchAll(/-c (\w+)=(\S+?)(?=[ `])/g)].map(([, key, value]) => [key, value]),
      );
      const sum = idlePrice(defaultApp(context).stack).reduce((total, { monthly }) => total + monthly, 0);
      expect({ settings, price: Math.round(sum) }).toEqual({ settings, price: Number(price) });
    }
  });

  it('is told by the command that the README names', () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const [, command = ''] = /`(npx cdk synth [^`]*)` tells the price/.exec(readme) ?? [];
    const output = mkdtempSync(join(tmpdir(), 'voicegate-price-'));
    try {
      // Nobody's account, and no network: what is synthesized needs neither.
      const { HOME = '', PATH = '' } = process.env;
      const { stdout, stderr } = spawnSync(
        join(root, 'node_modules/.bin/cdk'),
        [...command.split(' ').slice(2), '--output', output, '--no-validation', '--no-notices'],
        {
          cwd: root,
          encoding: 'utf8',
          env: { HOME, PATH, AWS_EC2_METADATA_DISABLED: 'true', CDK_DISABLE_CLI_TELEMETRY: 'true' },
        },
      );
      expect(stdout + stderr).toContain(describePrice(idlePrice(defaultApp().stack)));
    } finally {
      rmSync(output, { recursive: true, force: true });
    }
  });
});
