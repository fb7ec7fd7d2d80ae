import { afterAll, beforeAll, expect, it } from 'vitest';
import { App } from './app';

const app = new App();
beforeAll(() => app.listen());
afterAll(() => app.stop());

it('counts the requests that are in the app at once, and not how the gate looks whether it is ready', async () => {
  const answers: (() => void)[] = [];
  app.handler = (_, response) => {
    answers.push(() => response.end('done'));
    return true;
  };
  const url = `http://127.0.0.1:${app.port}/`;
  const requests = [fetch(url), fetch(url)];
  await expect.poll(() => answers.length).toBe(2);
  const looks = await fetch(url, { headers: { 'user-agent': 'voicegate-gate' } });
  expect(await looks.text()).toBe('ready');
  for (const answer of answers) answer();
  await Promise.all(requests);
  expect(app.mostInFlight).toBe(2);
  expect(app.received).toHaveLength(2);
});
