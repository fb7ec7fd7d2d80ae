import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
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

  /** One request; what went wrong, or the status. */
  function ask(key: string, path: string, agent: Agent | false): Promise<string> {
    return new Promise((resolve) => {
      const call = request(
        `${cloud.ready.https}${path}`,
        { ca: readFileSync(cloud.ready.ca), headers: { 'x-api-key': key }, agent, timeout: 20_000 },
        (response) => {
          response.on('error', (error) => resolve(`${path}: ${error.message}`));
          response.on('end', () => resolve(response.statusCode === 200 ? '200' : `${path}: ${response.statusCode}`));
          response.resume();
        },
      );
      call.on('timeout', () => call.destroy(new Error('no answer')));
      call.on('error', (error) => resolve(`${path}: ${error.message}`));
      call.end();
    });
  }

  it('fails no request, from the first task to the last', async () => {
    const { key } = await cloud.createKey('load');
    const before = await targets();
    expect(before).toHaveLength(1);

    const answers: string[] = [];
    let going = true;
    const agent = new Agent({ keepAlive: true });
    const keepAsking = async (path: string, pause: number, connection: Agent | false) => {
      while (going) {
        answers.push(await ask(key, path, connection));
        await sleep(pause);
      }
    };
    const load = [
      keepAsking('/tts?text=hello', 150, agent),
      keepAsking('/tts?text=hello', 150, false),
      keepAsking('/', 50, agent),
      keepAsking('/', 50, false),
    ];
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
      going = false;
      await Promise.all(load);
      agent.destroy();
    }
    expect(answers.filter((answer) => answer !== '200')).toEqual([]);
    expect(answers.length).toBeGreaterThan(100);
  }, 400_000);
}
