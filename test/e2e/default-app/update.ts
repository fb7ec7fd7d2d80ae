import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import {
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deploy } from '../../../local/deploy/index.js';
import { localAws } from '../../../local/emulator/aws.js';
import type { LocalCloud } from '../support/local-cloud';
import { CONTEXT } from './context';

const REPLACED_WITHIN = 150_000;

export function describeUpdate(running: () => LocalCloud): void {
  describe('an update that replaces the tasks, while requests arrive', () => tests(running));
}

function tests(running: () => LocalCloud): void {
  let cloud: LocalCloud;
  let elb: ElasticLoadBalancingV2Client;

  beforeAll(() => {
    cloud = running();
    elb = new ElasticLoadBalancingV2Client(cloud.aws());
  });

  afterAll(() => elb?.destroy());

  /** Addresses of the tasks that the load balancer sends to. */
  async function targets(): Promise<readonly string[]> {
    const { TargetGroups } = await elb.send(new DescribeTargetGroupsCommand({}));
    const { TargetHealthDescriptions } = await elb.send(
      new DescribeTargetHealthCommand({ TargetGroupArn: TargetGroups?.[0]?.TargetGroupArn }),
    );
    return (TargetHealthDescriptions ?? []).map(({ Target }) => Target?.Id ?? '');
  }

  it('fails no request, from the first task to the last', async () => {
    const { key } = await cloud.createKey('load');
    const before = await targets();
    expect(before).toHaveLength(1);

    const { https: url, ca } = cloud.ready;
    const load = new Worker(new URL('./load.mjs', import.meta.url), {
      workerData: { url, ca: readFileSync(ca, 'utf8'), key },
    });
    const answered = once(load, 'message') as Promise<[readonly string[]]>;
    try {
      const aws = localAws(Number(new URL(cloud.ready.awsEndpoint).port));
      const { accessKeyId, secretAccessKey } = cloud.aws().credentials;
      const { changed } = await deploy({
        aws: { ...aws, env: { ...aws.env, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } },
        assemblyDirectory: join(cloud.stateDirectory, 'cdk.out'),
        context: { ...CONTEXT, requestsPerMinute: '5999' },
      });
      expect(changed).toBe(true);
      const deadline = Date.now() + REPLACED_WITHIN;
      let now = await targets();
      while ((now.length !== 1 || now[0] === before[0]) && Date.now() < deadline) {
        await sleep(200);
        now = await targets();
      }
      expect(now).toHaveLength(1);
      expect(now).not.toEqual(before);
      // The old task ends after its last request; the new one serves alone.
      await sleep(3000);
    } finally {
      load.postMessage('stop');
    }
    const [answers] = await answered;
    expect(answers.filter((answer) => answer !== '200')).toEqual([]);
    expect(answers.length).toBeGreaterThan(100);
  }, 400_000);
}
