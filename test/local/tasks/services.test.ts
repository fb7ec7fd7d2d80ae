import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { UpdateServiceCommand } from '@aws-sdk/client-ecs';
import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWhere, NO_TOOLS } from '../../support/where.js';
import {
  type Cloud,
  eventually,
  isAlive,
  type Observed,
  runTasks,
  startCloud,
  toolsOrSkip,
  watchTargets,
} from './support.js';
import { serviceTemplate } from './template.js';

const tools = await toolsOrSkip();

describeWhere(tools === undefined ? NO_TOOLS : undefined, 'the tasks of a deployed service', () => {
  const stack = 'Speech';
  const password = 'correct horse battery staple';
  let cloud: Cloud;
  let outputs: Record<string, string>;
  let watch: ReturnType<typeof watchTargets>;
  let observed: Observed;
  let options: Parameters<typeof serviceTemplate>[0];

  const ask = async (address: string, path = '/') => {
    const response = await fetch(`http://${address}:8080${path}`, { signal: AbortSignal.timeout(5000) });
    return (await response.json()) as { env: Record<string, string>; cwd: string; child: number };
  };
  const healthy = () => observed.tasks.tasks().filter((task) => task.healthy);
  const address = () => healthy()[0]?.address ?? '';

  beforeAll(async () => {
    if (tools === undefined) return;
    cloud = await startCloud(tools);
    const secret = await cloud.clients.secrets.send(
      new CreateSecretCommand({ Name: 'app', SecretString: JSON.stringify({ password }) }),
    );
    options = {
      secretArn: `${secret.ARN}:password::`,
      appEnvironment: { CACHE: 'localhost:6379', NOTE: 'see 127.0.0.1:80' },
    };
    outputs = await cloud.deploy(stack, serviceTemplate(options));
    watch = watchTargets(cloud.clients.elb, outputs.Targets ?? '', 8080);
    process.env.AWS_PROFILE_OF_THE_DEVELOPER = 'must not be inherited';
    observed = await runTasks(cloud, tools, stack, watch.healthOf);
    await eventually(() => healthy().length === 1, 'one healthy task');
  });

  afterAll(async () => {
    delete process.env.AWS_PROFILE_OF_THE_DEVELOPER;
    await observed?.tasks.stop();
    await watch?.stop();
    await cloud?.stop();
  });

  it('start their containers in the order of dependsOn', () => {
    const started = observed.events.flatMap((event) => / (\w+) started$/.exec(event)?.[1] ?? []);
    expect(started).toHaveLength(3);
    expect(started[2]).toBe('gate');
    const said = observed.lines.map(({ text }) => text);
    const ready = said.findIndex((text) => text.includes('test is successful'));
    expect(ready).toBeGreaterThanOrEqual(0);
    expect(said.indexOf('gate starts')).toBeGreaterThan(ready);
  });

  it('are registered by the address on which nginx answers for the app', async () => {
    expect(watch.registered()).toEqual([address()]);
    expect(address()).toMatch(/^127\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.\d+\.\d+$/);
    // A copy of its own of what the image holds: what an app writes, no other task sees.
    expect((await ask(address())).cwd).toMatch(/\/root\/srv\/app$/);
  });

  it('have the environment that ECS gives, and nothing of the developer', async () => {
    const { env } = await ask(address());
    expect(env).toMatchObject({
      PORT: '5000',
      CACHE: 'localhost:6379',
      NOTE: 'see 127.0.0.1:80',
      GREETING: 'hello from the image',
      AWS_REGION: cloud.aws.region,
      AWS_ENDPOINT_URL: cloud.aws.endpoint,
      PASSWORD: password,
    });
    const own = ['PORT', 'CACHE', 'NOTE', 'GREETING', 'PASSWORD', 'PYTHONUNBUFFERED', 'PYTHONPYCACHEPREFIX'];
    const given = ['PATH', 'LANG', 'HOME', 'TMPDIR', 'ECS_CONTAINER_METADATA_URI_V4'];
    expect(Object.keys(env).filter((name) => ![...own, ...given].includes(name) && !name.startsWith('AWS_'))).toEqual(
      [],
    );
    expect(env).not.toHaveProperty('AWS_ACCESS_KEY_ID');
    expect(env).not.toHaveProperty('AWS_PROFILE_OF_THE_DEVELOPER');
  });

  it("get their role's credentials only with their own token", async () => {
    const { env } = await ask(address());
    const uri = env.AWS_CONTAINER_CREDENTIALS_FULL_URI ?? '';
    const authorization = env.AWS_CONTAINER_AUTHORIZATION_TOKEN ?? '';
    const good = await fetch(uri, { headers: { authorization } });
    const credentials = (await good.json()) as Record<string, string>;
    expect(credentials.RoleArn).toContain(':role/');
    expect(credentials.AccessKeyId).toMatch(/^ASIA/);
    expect(Date.parse(credentials.Expiration ?? '')).toBeGreaterThan(Date.now());
    for (const wrong of [undefined, 'x', `${authorization}x`]) {
      const refused = await fetch(uri, { headers: wrong === undefined ? {} : { authorization: wrong } });
      expect(refused.status).toBe(401);
      expect(await refused.text()).not.toContain(credentials.SecretAccessKey);
    }
  });

  it('find themselves in the task metadata', async () => {
    const { env } = await ask(address());
    const container = await (await fetch(env.ECS_CONTAINER_METADATA_URI_V4 ?? '')).json();
    expect(container).toMatchObject({ Name: 'app', Networks: [{ IPv4Addresses: [address()] }] });
    const task = (await (await fetch(`${env.ECS_CONTAINER_METADATA_URI_V4}/task`)).json()) as Record<string, unknown>;
    expect(task).toMatchObject({ Family: stack, KnownStatus: 'RUNNING' });
    expect(task.TaskARN).toContain(healthy()[0]?.id);
    const elsewhere = new URL(env.ECS_CONTAINER_METADATA_URI_V4 ?? '');
    elsewhere.pathname = '/v4/guess/guess';
    expect((await fetch(elsewhere)).status).toBe(404);
  });

  it('write their output to the deployed log group', async () => {
    const id = healthy()[0]?.id;
    await eventually(async () => {
      const { events = [] } = await cloud.clients.logs.send(new FilterLogEventsCommand({ logGroupName: outputs.Logs }));
      const app = events.filter(({ logStreamName }) => logStreamName === `app/app/${id}`).map(({ message }) => message);
      return app.includes(`app listens on ${address()}`) && events.some(({ message }) => message === 'gate starts');
    });
  });

  it('are replaced when an essential container exits, and the event tells its last words', async () => {
    const [before] = healthy();
    const child = (await ask(address())).child;
    await fetch(`http://${before?.address}:8080/exit`).catch(() => undefined);
    await eventually(() => healthy().some(({ id }) => id !== before?.id), 'a new healthy task');
    expect(observed.events.join('\n')).toMatch(
      /task \w{8} \(.*\) stopped: essential container app exited with 3: .*leaving as told/,
    );
    expect(isAlive(child)).toBe(false);
    await eventually(() => !watch.registered().includes(before?.address ?? ''));
  });

  it('are replaced when the load balancer finds their target unhealthy', async () => {
    const [before] = healthy();
    watch.force(before?.address ?? '', 'unhealthy');
    await eventually(() => healthy().some(({ id }) => id !== before?.id), 'a new healthy task');
    expect(observed.events.join('\n')).toContain("failed the load balancer's health checks");
  });

  it('follow the desired count up and down, without dropping the one that stays', async () => {
    const [first] = healthy();
    const scale = (desiredCount: number) =>
      cloud.clients.ecs.send(
        new UpdateServiceCommand({ cluster: outputs.Cluster, service: outputs.Service, desiredCount }),
      );
    await scale(2);
    await eventually(() => healthy().length === 2 && watch.registered().length === 2, 'two healthy tasks');
    expect(new Set(watch.registered()).size).toBe(2);
    expect(observed.tasks.services()).toMatchObject([{ desired: 2, running: 2 }]);
    await scale(1);
    await eventually(() => observed.tasks.tasks().length === 1, 'one task');
    expect(healthy().map(({ id }) => id)).toEqual([first?.id]);
    expect(watch.registered()).toEqual([first?.address]);
  });

  it('are replaced one after the other by a new task definition, while someone always answers', async () => {
    const [before] = healthy();
    let failures = 0;
    let asking = true;
    const load = (async () => {
      while (asking) {
        const [target] = watch.registered();
        if (target !== undefined && watch.healthOf({ targetGroupArn: '', id: target, port: 8080 }) === 'healthy') {
          await ask(target).catch(() => {
            // A target may have been removed since it was looked up.
            if (watch.registered().includes(target)) failures += 1;
          });
        } else failures += 1;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    await cloud.deploy(stack, serviceTemplate({ ...options, appEnvironment: { VERSION: 'two' } }));
    await eventually(() => observed.tasks.tasks().every(({ id }) => id !== before?.id) && healthy().length === 1);
    asking = false;
    await load;
    expect((await ask(address())).env.VERSION).toBe('two');
    expect(failures).toBe(0);
  });

  it('never show a secret in events or log lines', () => {
    expect(JSON.stringify([observed.events, observed.lines])).not.toContain(password);
  });

  it('stop the gate before the app and leave no process, target or file', async () => {
    const stopped: string[] = [];
    const child = (await ask(address())).child;
    const pids = observed.tasks.pids();
    expect(pids).toContain(child);
    expect(pids.length).toBeGreaterThanOrEqual(6);
    const before = observed.lines.length;
    await observed.tasks.stop();
    await observed.tasks.stop();
    stopped.push(...observed.lines.slice(before).map(({ text }) => text));
    expect(stopped.at(-1)).toBe('app stops');
    expect(pids.filter(isAlive)).toEqual([]);
    expect(observed.tasks.pids()).toEqual([]);
    await eventually(() => watch.registered().length === 0);
    const work = join(cloud.directory, 'work', stack);
    expect(existsSync(work) ? readdirSync(work) : []).toEqual([]);
  });
});
