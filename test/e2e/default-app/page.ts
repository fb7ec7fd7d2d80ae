import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWhere } from '../../support/where';
import { launchBrowser, NO_BROWSER } from '../support/browser';
import type { LocalCloud } from '../support/local-cloud';

interface Held {
  release(): void;
}

/** Runs in the page: of what is spoken, all but the beginning waits until it is released. */
function holdTheRest(): void {
  const real = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    const answer = await real(input, init);
    const reader = answer.body?.getReader();
    if (input !== '/tts' || reader === undefined) return answer;
    const body = new ReadableStream({
      async start(controller) {
        controller.enqueue((await reader.read()).value);
        await new Promise<void>((release) => Object.assign(globalThis, { release }));
        for (let read = await reader.read(); !read.done; read = await reader.read()) controller.enqueue(read.value);
        controller.close();
      },
    });
    return new Response(body, answer);
  };
}

/** What the DOM calls HTMLAudioElement. */
interface Player extends EventTarget {
  currentTime: number;
  readonly duration: number;
  readonly currentSrc: string;
}

function playerState(element: unknown) {
  const { currentTime, duration, currentSrc } = element as Player;
  return { time: currentTime, duration, known: Number.isFinite(duration), source: currentSrc };
}

function seek(element: unknown, time: number): Promise<void> {
  const audio = element as Player;
  return new Promise((resolve) => {
    audio.addEventListener('seeked', () => resolve(), { once: true });
    audio.currentTime = time;
  });
}

export function describePage(running: () => LocalCloud): void {
  describeWhere(NO_BROWSER, 'the web page in Chromium', () => tests(running));
}

function tests(running: () => LocalCloud): void {
  let cloud: LocalCloud;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    cloud = running();
    browser = await launchBrowser();
    // Chromium keeps a certificate store of its own; that the local CA signed the chain is shown by the other tests.
    const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: 'en-GB', acceptDownloads: true });
    page = await context.newPage();
  });

  afterAll(async () => {
    await browser?.close();
  });

  it('loads with nothing that its content security policy refuses', async () => {
    const complaints: string[] = [];
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    const files = new Map<string, string | undefined>();
    page.on('response', (response) => {
      const { pathname } = new URL(response.url());
      if (pathname !== '/') files.set(pathname, response.headers()['cache-control']);
    });
    await page.goto(cloud.ready.https, { waitUntil: 'networkidle' });
    await page.getByLabel('Text', { exact: true }).waitFor();
    expect(complaints).toEqual([]);
    // A Chromium without windows asks for no icon.
    const icon = (await page.locator('link[rel=icon]').getAttribute('href')) ?? '';
    const { pathname, href } = new URL(icon, cloud.ready.https);
    if (!files.has(pathname)) files.set(pathname, (await page.request.get(href)).headers()['cache-control']);
    // Whoever comes again asks for the page alone.
    expect(files.size).toBeGreaterThan(2);
    expect(new Set(files.values())).toEqual(new Set(['public, max-age=31536000, immutable']));
  });

  it('speaks Chinese and English with the key that was typed, and never puts the key into an address', async () => {
    const addresses: string[] = [];
    page.on('request', (request) => addresses.push(request.url()));
    await page.getByLabel('Text', { exact: true }).fill('你好世界. Hello world.');
    await page.getByLabel('API key').fill(cloud.ready.key);
    await page.getByRole('button', { name: 'Play' }).click();
    await expect
      .poll(() => page.locator('#status, #error').allTextContents())
      .toEqual([expect.stringMatching(/^Ready/), '']);
    // The page's own policy forbids eval, and with it Playwright's waitForFunction.
    await expect
      .poll(() => page.locator('audio').evaluate((audio) => (audio as unknown as { currentTime: number }).currentTime))
      .toBeGreaterThan(0);
    expect(addresses.join('\n')).not.toContain(cloud.ready.key);
  });

  it('plays while the sound still arrives, and can be sought when it is all there', async () => {
    const other = await page.context().newPage();
    await other.addInitScript(holdTheRest);
    await other.goto(cloud.ready.https);
    await other.getByLabel('Text', { exact: true }).fill('今天天气很好。我们去公园。Then we go home. 晚上再见。');
    await other.getByLabel('API key').fill(cloud.ready.key);
    await other.getByRole('button', { name: 'Play' }).click();
    const player = () => other.locator('audio').evaluate(playerState);
    await expect.poll(async () => (await player()).time).toBeGreaterThan(0);
    expect(await player()).toMatchObject({ known: false, source: expect.stringMatching(/^blob:/) });
    await other.evaluate(() => (globalThis as unknown as Held).release());
    await other.getByRole('status').filter({ hasText: 'Ready' }).waitFor();
    const { duration, known } = await player();
    expect(known).toBe(true);
    await other.locator('audio').evaluate(seek, duration - 1);
    expect((await player()).time).toBeCloseTo(duration - 1, 0);
    await other.close();
  });

  it('saves an MP3', async () => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('speech.mp3');
    const mp3 = await readFile(await download.path());
    expect([mp3[0], (mp3[1] ?? 0) & 0xe0]).toEqual([0xff, 0xe0]);
  });

  it('tells a person whose key is wrong', async () => {
    await page.getByLabel('Text', { exact: true }).fill('not with this key');
    await page.getByLabel('API key').fill('vg_nonsense');
    await page.getByRole('button', { name: 'Play' }).click();
    await page.getByRole('alert').filter({ hasText: /key/i }).waitFor();
  });

  it('calls a quota that is used up so, and says when it begins anew', async () => {
    const { key } = await cloud.createKey('small', '--quota', 'day:characters=5');
    await page.getByLabel('API key').fill(key);
    await page.getByRole('button', { name: 'Play' }).click();
    const used =
      /^The quota of this key is used up: its characters for this day\. It begins anew in \d+ (hour|minute|second)/;
    await page.getByRole('alert').filter({ hasText: used }).waitFor();
  });

  it('says who is signed in, speaks without a key then, and explains a second one', async () => {
    const own = await browser.newContext({ ignoreHTTPSErrors: true, locale: 'en-GB' });
    const [before, other] = [await own.newPage(), await own.newPage()];
    await before.goto(cloud.ready.https);
    const { key } = await cloud.createKey('session');
    await other.goto(new URL('/.voicegate/session', cloud.ready.https).href);
    await other.getByLabel('API key').fill(key);
    await other.getByRole('button', { name: 'Sign in' }).click();
    await other.getByText('You are signed in.').waitFor();
    expect(await other.getByLabel('API key').isVisible()).toBe(false);
    await other.getByLabel('Text', { exact: true }).fill('Signed in.');
    await other.getByRole('button', { name: 'Play' }).click();
    await other.getByRole('status').filter({ hasText: 'Ready' }).waitFor();
    // The other tab was open before. Chromium lets one in the background wait for seconds.
    await before.bringToFront();
    await before.getByLabel('Text', { exact: true }).fill('With a key of its own.');
    await before.getByLabel('API key').fill(cloud.ready.key);
    await before.getByRole('button', { name: 'Play' }).click();
    await before.getByRole('alert').filter({ hasText: 'typed another key as well' }).waitFor();
    await before.getByRole('button', { name: '中文' }).click();
    await before.getByRole('alert').filter({ hasText: '又输入了另一个密钥' }).waitFor();
    await before.getByRole('button', { name: '退出登录' }).click();
    await before.getByRole('button', { name: '退出登录' }).waitFor({ state: 'hidden' });
    await before.getByRole('button', { name: '播放' }).click();
    await before.getByRole('status').filter({ hasText: '完成' }).waitFor();
    // Nobody is signed in any more, in no tab.
    await other.bringToFront();
    await other.getByLabel('Text', { exact: true }).fill('Signed out.');
    await other.getByRole('button', { name: 'Play' }).click();
    await other.getByRole('alert').filter({ hasText: 'no longer signed in' }).waitFor();
    await own.close();
  });

  it('tells a person who was too fast how long to wait, and counts down', async () => {
    const { key } = await cloud.createKey('slow', '--rate', '2', '--burst', '1');
    await page.getByLabel('API key').fill(key);
    for (let i = 0; i < 2; i++) {
      await page.getByLabel('Text', { exact: true }).fill(`one more ${i}`);
      const answered = page.waitForResponse((response) => response.url().endsWith('/tts'));
      await page.getByRole('button', { name: 'Play' }).click();
      await answered;
    }
    await page
      .getByRole('alert')
      .filter({ hasText: /\d+ seconds/ })
      .waitFor();
    const seconds = async () => Number.parseInt((await page.getByRole('timer').textContent()) ?? '', 10);
    const first = await seconds();
    await expect.poll(seconds).toBeLessThan(first);
  });

  it('speaks Chinese to those who want it', async () => {
    await page.getByRole('button', { name: '中文' }).click();
    await page.getByRole('button', { name: '播放' }).waitFor();
  });
}
