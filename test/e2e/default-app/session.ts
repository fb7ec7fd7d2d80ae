import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWhere } from '../../support/where';
import { launchBrowser, NO_BROWSER } from '../support/browser';
import type { CreatedKey, LocalCloud } from '../support/local-cloud';

const SESSION = '/.voicegate/session';

/** A page that knows nothing of keys: what it plays is an address. */
const UNMODIFIED_PAGE =
  '<!doctype html><title>old page</title><audio controls src="/tts?text=Hello+from+an+old+page"></audio>';

/** What the DOM calls HTMLAudioElement. */
interface Player extends EventTarget {
  src: string;
  currentTime: number;
  readonly duration: number;
  readonly error: { readonly code: number } | null;
  play(): Promise<void>;
}

export function describeSession(running: () => LocalCloud): void {
  describeWhere(NO_BROWSER, 'signing in with Chromium', () => tests(running));
}

function tests(running: () => LocalCloud): void {
  let cloud: LocalCloud;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let key: CreatedKey;

  beforeAll(async () => {
    cloud = running();
    key = await cloud.createKey('browser');
    browser = await launchBrowser();
    // Chromium keeps a certificate store of its own; that the local CA signed the chain is shown by the other tests.
    context = await browser.newContext({ ignoreHTTPSErrors: true, locale: 'en-GB' });
    page = await context.newPage();
    // The page stands at a public path of the service, as if the image had it.
    await context.route('**/voicegate-page/old.html', (route) =>
      route.fulfill({ contentType: 'text/html', body: UNMODIFIED_PAGE }),
    );
  });

  afterAll(async () => {
    await browser?.close();
  });

  const address = (path: string) => new URL(path, cloud.ready.https).href;

  async function play(): Promise<{ readonly status: number; readonly type: string }> {
    const answered = page.waitForResponse((response) => response.url().includes('/tts?'));
    await page.goto(address('/voicegate-page/old.html'));
    const response = await answered;
    return { status: response.status(), type: response.headers()['content-type'] ?? '' };
  }

  it('plays nothing to somebody who is not signed in', async () => {
    expect(await play()).toEqual({ status: 401, type: 'application/json' });
  });

  it('is where somebody is led who opens a protected page, with nothing that the content security policy refuses', async () => {
    const complaints: string[] = [];
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    await page.goto(address('/tts?text=Hi'));
    expect(new URL(page.url()).pathname).toBe(SESSION);
    await page.getByLabel('API key').waitFor();
    // The style sheet was taken: without it the form is as wide as the window.
    expect(
      await page.locator('main').evaluate((main) => (main as unknown as { clientWidth: number }).clientWidth),
    ).toBeLessThan(500);
    expect(complaints).toEqual([]);
  });

  it('says that a key is not accepted', async () => {
    await page.getByLabel('API key').fill('vg_nonsense');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').filter({ hasText: 'not accepted' }).waitFor();
    expect(await context.cookies()).toEqual([]);
  });

  it('lets in with a key, and leads back to what was asked for', async () => {
    const answered = page.waitForResponse((response) => response.url().includes('/tts?'));
    await page.getByLabel('API key').fill(key.key);
    await page.getByRole('button', { name: 'Sign in' }).click();
    expect((await answered).status()).toBe(200);
    const [cookie, ...others] = await context.cookies();
    expect(others).toEqual([]);
    expect(cookie).toMatchObject({
      name: '__Host-voicegate',
      path: '/',
      httpOnly: true,
      secure: true,
      sameSite: 'Strict',
    });
    expect((cookie?.expires ?? 0) - Date.now() / 1000).toBeLessThanOrEqual(43_200);
    expect(cookie?.value).not.toContain(key.key);
  });

  it('lets an unmodified page play speech', async () => {
    expect(await play()).toEqual({ status: 206, type: 'audio/wav' });
    const audio = page.locator('audio');
    await expect
      .poll(() => audio.evaluate((element) => (element as unknown as { readyState: number }).readyState))
      .toBeGreaterThanOrEqual(2);
    await audio.evaluate((element) => (element as unknown as { play(): Promise<void> }).play());
    await expect
      .poll(() => audio.evaluate((element) => (element as unknown as { currentTime: number }).currentTime))
      .toBeGreaterThan(0);
  });

  it('lets an unmodified page seek in an MP3 that was not yet heard', async () => {
    const asked: string[] = [];
    page.on('response', (response) => {
      if (response.url().includes('format=mp3')) asked.push(`${response.status()}`);
    });
    const text = 'The quick brown fox jumps over the lazy dog. '.repeat(10).trim();
    const audio = page.locator('audio');
    const seeked = await audio.evaluate(
      async (element, source) => {
        const player = element as unknown as Player;
        const happened = (event: string) =>
          new Promise<void>((resolve, reject) => {
            player.addEventListener(event, () => resolve(), { once: true });
            player.addEventListener('error', () => reject(new Error(`error ${player.error?.code}`)), { once: true });
          });
        const loaded = happened('loadedmetadata');
        player.src = source;
        await loaded;
        const target = player.duration - 2;
        const there = happened('seeked');
        player.currentTime = target;
        await there;
        const end = happened('ended');
        await player.play();
        await end;
        return { duration: player.duration, target, time: player.currentTime };
      },
      `/tts?format=mp3&text=${encodeURIComponent(text)}`,
    );
    expect(seeked.duration).toBeGreaterThan(20);
    expect(seeked.time).toBeGreaterThan(seeked.target);
    expect(new Set(asked)).toEqual(new Set(['206']));
  });

  it('gives the cookie neither to scripts nor to other sites', async () => {
    expect(await page.evaluate('document.cookie')).toBe('');
    const source = address('/tts?text=stolen');
    const server = createServer((_, response) => {
      response.setHeader('content-type', 'text/html').end(`<a href="${source}">listen</a>`);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const foreign = await context.newPage();
    // By its address the machine is another site than by its name.
    const { port } = server.address() as AddressInfo;
    await foreign.goto(`http://127.0.0.1:${port}/`);
    await foreign.getByText('listen').click();
    await foreign.waitForURL((url) => url.pathname === SESSION);
    // From there it is this site that asks.
    const answered = foreign.waitForResponse((response) => response.url() === source);
    await foreign.getByText('Signed in already?').click();
    expect((await answered).status()).toBe(200);
    server.close();
    await foreign.close();
  });

  it('ends when the person signs out', async () => {
    await page.goto(address(SESSION));
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('API key').waitFor();
    expect(await context.cookies()).toEqual([]);
    expect((await play()).status).toBe(401);
  });

  it('ends when the key is revoked', async () => {
    await page.goto(address(SESSION));
    await page.getByLabel('API key').fill(key.key);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(address('/'));
    // The sound, a part of it, or that it has not changed since it was played above.
    expect([200, 206, 304]).toContain((await play()).status);
    await cloud.voicegate('keys', 'revoke', key.keyId, '--yes');
    await expect.poll(async () => (await play()).status, { interval: 500 }).toBe(401);
  });

  it('leaves neither key nor text in what the service logs', () => {
    expect(cloud.log()).not.toContain(key.key.slice(-49));
    expect(cloud.log()).not.toContain('old+page');
  });
}
