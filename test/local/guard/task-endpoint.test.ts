import { AssumeRoleCommand, type STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TaskEndpoint } from '../../../local/tasks/task-endpoint.js';
import { OF_PROGRAMS, OF_WEB_PAGES, type RawRequest, sendRaw } from './web-requests.js';

describe('the credentials of tasks', () => {
  let endpoint: TaskEndpoint;
  let credentials: URL;
  let metadata: URL;
  let token = '';

  beforeAll(async () => {
    const sts = {
      send: async (command: unknown) => {
        expect(command).toBeInstanceOf(AssumeRoleCommand);
        return {
          Credentials: { AccessKeyId: 'ASIATASK', SecretAccessKey: 'secret-of-the-task', SessionToken: 'token' },
        };
      },
    } as unknown as STSClient;
    endpoint = await TaskEndpoint.start(sts);
    const environment = endpoint.register({
      taskId: 'task',
      roleArn: 'arn:aws:iam::000000000000:role/task',
      metadata: () => ({ task: {}, containers: { app: { Name: 'app' } } }),
    })('app');
    credentials = new URL(environment.AWS_CONTAINER_CREDENTIALS_FULL_URI ?? '');
    metadata = new URL(environment.ECS_CONTAINER_METADATA_URI_V4 ?? '');
    token = environment.AWS_CONTAINER_AUTHORIZATION_TOKEN ?? '';
  });

  afterAll(() => endpoint?.stop());

  const good = (url: URL): RawRequest => ({
    method: 'GET',
    target: url.pathname,
    version: '1.1',
    headers: [`Host: ${url.host}`, `Authorization: ${token}`],
  });

  it.each(OF_WEB_PAGES)('refuse what a web page can send, even with the token: %s', async (_name, change) => {
    for (const url of [credentials, metadata]) {
      const answer = await sendRaw(Number(url.port), change(good(url), Number(url.port)));
      expect([400, 403]).toContain(answer.status);
      expect(answer.text).not.toMatch(/secret-of-the-task|"Name"|access-control-/i);
    }
  });

  it.each(OF_PROGRAMS)('are given to a program of the task: %s', async (_name, change) => {
    const answer = await sendRaw(Number(credentials.port), change(good(credentials), Number(credentials.port)));
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('secret-of-the-task');
    expect(answer.text).not.toMatch(/access-control-/i);
    expect((await sendRaw(Number(metadata.port), change(good(metadata), Number(metadata.port)))).text).toContain(
      '"Name"',
    );
  });
});
