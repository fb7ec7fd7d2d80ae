import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AxeResults } from 'axe-core';
import type { Browser, BrowserContext, Page, Route } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { describeWhere, itWhere, NO_CURL } from '../support/where';
import { launchBrowser, NO_BROWSER } from './support/browser';
import { SpeechService } from './support/speech-service';

const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
/** The narrowest of common phones. */
const PHONE = { width: 375, height: 667 };

describeWhere(NO_BROWSER, 'how the web page treats people', () => {
  let service: SpeechService;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    [service, browser] = await Promise.all([SpeechService.start(), launchBrowser()]);
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    await service?.stop();
  });

  beforeEach(async () => {
    context = await browser.newContext({ locale: 'en-GB', viewport: PHONE, acceptDownloads: true });
    page = await context.newPage();
    await page.goto(service.url);
  });

  afterEach(() => context.close());

  const text = () => page.getByLabel('Text', { exact: true });
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  const ready = () =>
    page
      .getByRole('status')
      .filter({ hasText: /^Ready/ })
      .waitFor();
  const focused = () => page.evaluate<string>('document.activeElement.id');

  /** What is asked for waits until the test lets it go on. */
  async function hold(): Promise<{ readonly asked: Promise<Route> }> {
    let arrived: (route: Route) => void = () => undefined;
    const asked = new Promise<Route>((resolve) => {
      arrived = resolve;
    });
    await page.route('**/tts', (route) => arrived(route));
    return { asked };
  }

  it('leaves the focus on Play while and after it speaks', async () => {
    await text().fill('Hello');
    const { asked } = await hold();
    await button('Play').focus();
    await page.keyboard.press('Enter');
    const route = await asked;
    expect([await focused(), await button('Play').getAttribute('aria-disabled')]).toEqual(['play', 'true']);
    // A second press asks for nothing.
    await page.keyboard.press('Enter');
    await route.continue();
    await ready();
    await expect.poll(() => button('Play').getAttribute('aria-disabled')).toBe('false');
    expect(await focused()).toBe('play');
  });

  it('loses nothing that is typed, and sent, before its program is there', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await text().fill('Remembered');
    await page.route(/\/app\.[0-9a-f]+\.js$/, async (route) => {
      await held;
      await route.continue();
    });
    await page.reload({ waitUntil: 'commit' });
    await text().fill('Typed at once');
    await page.getByLabel('API key').fill('a-key');
    await page.evaluate('document.getElementById("play").click()');
    release();
    await button('Play').click();
    await ready();
    expect(await text().inputValue()).toBe('Typed at once');
    expect(await page.getByLabel('API key').inputValue()).toBe('a-key');
    await page.reload();
    await button('Play').click();
    await ready();
    expect(await text().inputValue()).toBe('Typed at once');
  });

  it('says in both languages what it needs where programs are switched off', async () => {
    const visited = await browser.newPage({ javaScriptEnabled: false });
    await visited.goto(service.url);
    expect(await visited.locator('noscript').textContent()).toBe('This page needs JavaScript. 此页面需要 JavaScript。');
    await visited.close();
  });

  it('speaks at Ctrl+Enter in the text, and cancels at Escape', async () => {
    await text().fill('Hello');
    const { asked } = await hold();
    await page.keyboard.press('Control+Enter');
    await asked;
    await page.keyboard.press('Escape');
    await page.getByRole('status').filter({ hasText: 'Cancelled.' }).waitFor();
    expect([await focused(), await page.locator('audio').isVisible()]).toEqual(['text', false]);
    await page.unroute('**/tts');
    await page.keyboard.press('Control+Enter');
    await ready();
    // Nothing was added to the text, and nothing else was said.
    expect([await text().inputValue(), await page.locator('#error').textContent()]).toEqual(['Hello', '']);
  });

  it('can be cancelled by a button, which gives the focus back', async () => {
    await text().fill('Hello');
    const { asked } = await hold();
    await button('Play').click();
    await asked;
    await button('Cancel').click();
    await page.getByRole('status').filter({ hasText: 'Cancelled.' }).waitFor();
    expect([await focused(), await button('Cancel').isVisible()]).toEqual(['play', false]);
  });

  it('keeps text, voice, speed and format over a reload', async () => {
    await text().fill('你好。\nKeep me.');
    await page.getByLabel('Speed').fill('1.25');
    await page.getByLabel('Format of the file').selectOption('flac');
    const voices = page.getByLabel('Voice');
    const last = (await voices.locator('option').last().getAttribute('value')) ?? '';
    await voices.selectOption(last);
    await page.reload();
    expect(await text().inputValue()).toBe('你好。\nKeep me.');
    expect(await voices.inputValue()).toBe(last);
    expect(await page.getByLabel('Speed').inputValue()).toBe('1.25');
    expect(await page.getByLabel('Format of the file').inputValue()).toBe('flac');
    expect(await page.locator('#count').textContent()).toMatch(/^12 \/ 500/);
  });

  it('says of a sound that the text has changed since, and takes it back when it is the same again', async () => {
    await text().fill('Hello');
    await button('Play').click();
    await ready();
    const old = page.getByText('This sound is old');
    expect(await old.isVisible()).toBe(false);
    await text().fill('Hello you');
    await old.waitFor();
    await text().fill('Hello');
    await old.waitFor({ state: 'hidden' });
    await page.getByLabel('Speed').fill('1.5');
    await old.waitFor();
    await button('Play').click();
    await old.waitFor({ state: 'hidden' });
  });

  it.each([
    ['wav', 'RIFF'],
    ['opus', 'OggS'],
    ['flac', 'fLaC'],
  ])('saves a file of the chosen format: %s', async (format, magic) => {
    await text().fill('Hello');
    await page.getByLabel('Format of the file').selectOption(format);
    const [download] = await Promise.all([page.waitForEvent('download'), button('Download').click()]);
    expect(download.suggestedFilename()).toBe(`speech.${format}`);
    expect((await readFile(await download.path())).subarray(0, 4).toString('latin1')).toBe(magic);
  });

  itWhere(NO_CURL, 'shows the curl line of what was just spoken, which works in a shell and holds no key', async () => {
    await text().fill(`It's "fine": $HOME \\n; 你好`);
    await page.getByLabel('API key').fill('vg_a-key-that-no-line-shows');
    await button('Play').click();
    await ready();
    await page.getByText('The same with curl').click();
    const line = await page.locator('#curl-line').textContent();
    expect(line).not.toContain('a-key-that-no-line-shows');
    const cwd = mkdtempSync(join(tmpdir(), 'voicegate-curl-'));
    execFileSync('sh', ['-c', `${line} --silent --fail`], {
      cwd,
      env: { ...process.env, VOICEGATE_KEY: 'vg_x' },
    });
    const mp3 = readFileSync(join(cwd, 'speech.mp3'));
    expect([mp3[0], (mp3[1] ?? 0) & 0xe0]).toEqual([0xff, 0xe0]);
  });

  it('does not read the counter out at every letter, but says once that the text is too long', async () => {
    const live = page.locator('#count, #count *, label[for=speed] *');
    for (const element of await live.all()) {
      expect(await element.evaluate((node) => (node as unknown as { ariaLive: string | null }).ariaLive)).toBeNull();
      expect(await element.evaluate((node) => (node as unknown as { localName: string }).localName)).not.toBe('output');
    }
    await text().fill('a'.repeat(501));
    await page.getByRole('alert').filter({ hasText: 'at most 500' }).waitFor();
    await text().fill('a'.repeat(500));
    await expect.poll(() => page.locator('#error').textContent()).toBe('');
  });

  it('can be used by the keyboard alone, in the order in which it is read', async () => {
    await text().fill('Hello');
    await button('Play').click();
    await ready();
    await page.reload();
    const order: string[] = [];
    for (let i = 0; i < 8; i++) {
      await page.keyboard.press('Tab');
      order.push(await focused());
      const outline = await page.evaluate<string>('getComputedStyle(document.activeElement).outlineStyle');
      expect(outline, `focus on ${order.at(-1)} is seen`).not.toBe('none');
    }
    expect(order).toEqual(['language', 'text', 'voice', 'speed', 'key', 'play', 'format', 'download']);
    await page.getByRole('button', { name: 'Download' }).focus();
    const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
    expect(download.suggestedFilename()).toBe('speech.mp3');
    await page.keyboard.press('Tab');
    // The player's own buttons, then the line for curl.
    for (let i = 0; i < 8 && (await page.evaluate('document.activeElement.localName')) !== 'summary'; i++)
      await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await button('Copy').waitFor();
  });

  it.each([
    ['English', 'light', 'en-GB'],
    ['English', 'dark', 'en-GB'],
    ['Chinese', 'light', 'zh-CN'],
    ['Chinese', 'dark', 'zh-CN'],
  ] as const)('is accessible by axe on a phone, in %s and %s', async (_, colorScheme, locale) => {
    const phone = await browser.newContext({ locale, colorScheme, viewport: PHONE });
    await phone.addInitScript(AXE);
    try {
      for (const headers of [{}, { 'X-Auth-Session': 'open' }] as Readonly<Record<string, string>>[]) {
        const visited = await phone.newPage();
        await visited.setExtraHTTPHeaders(headers);
        await visited.goto(service.url);
        await visited.locator('#text').fill('Hello 你好');
        // With all that can be shown at once: player, old mark, curl line and an error with a wait.
        await visited.locator('#play').click();
        await visited.locator('audio').waitFor();
        await visited.locator('summary').click();
        await visited.route('**/tts', (route) => route.fulfill({ status: 429, headers: { 'Retry-After': '30' } }));
        await visited.locator('#text').fill('Hello again 你好');
        await visited.locator('#play').click();
        await visited.locator('[role=timer]').waitFor();
        expect(await findings(visited)).toEqual([]);
        const width = await visited.evaluate<number>('document.documentElement.scrollWidth');
        expect(width, 'nothing is wider than the screen').toBeLessThanOrEqual(PHONE.width);
        await visited.close();
      }
    } finally {
      await phone.close();
    }
  });

  async function findings(visited: Page): Promise<readonly string[]> {
    const { violations } = await visited.evaluate(() =>
      (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
    );
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
  }
});
