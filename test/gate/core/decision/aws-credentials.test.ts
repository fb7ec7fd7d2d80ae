import { describe, expect, it } from 'vitest';
import { awsCredentials, forgetCredentials } from '../../../../gate/core/decision/aws-credentials';
import type { Environment } from '../../../../gate/core/decision/lambda-endpoint';
import { MemoryDict } from '../../support/fake-dict';

const MINUTE = 60_000;

function task(env: Environment) {
  const clock = { now: 1_795_000_000_000 };
  const asked: { url: string; headers: Readonly<Record<string, string>> }[] = [];
  let answer: () => { status: number; text: string } = () => given('one', 60);
  const given = (id: string, minutes: number) => ({
    status: 200,
    text: JSON.stringify({
      AccessKeyId: id,
      SecretAccessKey: 'secret-of-the-task',
      Token: 'token',
      Expiration: new Date(clock.now + minutes * MINUTE).toISOString(),
    }),
  });
  const state = new MemoryDict<string>(clock);
  return {
    clock,
    asked,
    state,
    given,
    answers: (next: typeof answer) => {
      answer = next;
    },
    get: () =>
      awsCredentials({
        env,
        state,
        now: () => clock.now,
        get: async (url, headers) => {
          asked.push({ url, headers });
          return answer();
        },
        readFile: (path) => `content of ${path}\n`,
      }),
  };
}

const ECS = { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/v2/credentials/abc' };

describe('awsCredentials', () => {
  it('takes those of the environment first', async () => {
    const { get, asked } = task({ ...ECS, AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', AWS_SESSION_TOKEN: 'c' });
    expect(await get()).toEqual({ accessKeyId: 'a', secretAccessKey: 'b', sessionToken: 'c' });
    expect(asked).toEqual([]);
  });

  it('asks ECS, and keeps what it gave until five minutes before it expires', async () => {
    const { get, asked, clock, given, answers } = task(ECS);
    expect(await get()).toMatchObject({ accessKeyId: 'one', sessionToken: 'token' });
    clock.now += 54 * MINUTE;
    await get();
    expect(asked).toEqual([{ url: 'http://169.254.170.2/v2/credentials/abc', headers: {} }]);
    clock.now += 2 * MINUTE;
    answers(() => given('two', 60));
    expect(await get()).toMatchObject({ accessKeyId: 'two' });
    expect(asked).toHaveLength(2);
  });

  it('goes on with good ones while the endpoint fails, and not a moment after they have expired', async () => {
    const { get, clock, answers } = task(ECS);
    await get();
    answers(() => ({ status: 500, text: '' }));
    clock.now += 58 * MINUTE;
    expect(await get()).toMatchObject({ accessKeyId: 'one' });
    clock.now += 2 * MINUTE;
    await expect(get()).rejects.toThrow('the credentials endpoint answered 500');
  });

  it('asks anew after AWS has refused them', async () => {
    const { get, asked, state } = task(ECS);
    await get();
    forgetCredentials(state);
    await get();
    expect(asked).toHaveLength(2);
  });

  it('sends the token of the task, read anew from its file', async () => {
    const uri = { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://localhost:1234/x' };
    const one = task({ ...uri, AWS_CONTAINER_AUTHORIZATION_TOKEN: 'plain' });
    await one.get();
    expect(one.asked).toEqual([{ url: 'http://127.0.0.1:1234/x', headers: { Authorization: 'plain' } }]);
    const two = task({ ...uri, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '/t', AWS_CONTAINER_AUTHORIZATION_TOKEN: 'x' });
    await two.get();
    expect(two.asked[0]?.headers).toEqual({ Authorization: 'content of /t' });
  });

  it.each([
    [{}, 'no AWS credentials'],
    [{ AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://evil.test/' }, 'must be https, or http to a loopback'],
    [{ AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1.evil.test/' }, 'must be https, or http to a loopback'],
  ])('refuses the environment %j', async (env, message) => {
    await expect(task(env).get()).rejects.toThrow(message);
  });

  it.each([
    ['expired ones', { AccessKeyId: 'a', SecretAccessKey: 'secret-of-the-task', Expiration: '2020-01-01T00:00:00Z' }],
    ['half of them', { SecretAccessKey: 'secret-of-the-task' }],
    ['text', 'secret-of-the-task'],
  ])('refuses %s without quoting them', async (_, value) => {
    const { get, answers } = task(ECS);
    answers(() => ({ status: 200, text: typeof value === 'string' ? value : JSON.stringify(value) }));
    await expect(get()).rejects.toThrow(/credentials endpoint/);
    await expect(get()).rejects.not.toThrow(/secret-of-the-task/);
  });
});
