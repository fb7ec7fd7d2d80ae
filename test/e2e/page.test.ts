import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LocalCloud } from './support/local-cloud';

const executable = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
if (executable === undefined && process.env.CI === 'true') {
  throw new Error('CI needs Chromium for the web page: apt-get install chromium');
}

describe.skipIf(executable === undefined)('the web page in Chromium (skipped: no Chromium is installed)', () => {
  let cloud: LocalCloud;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    cloud = await LocalCloud.start({ requestsPerMinute: '600', synthesisPerMinute: '5' });
    browser = await chromium.launch({
      executablePath: executable,
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--mute-audio'],
    });
    // Chromium keeps a certificate store of its own; that the local CA signed the chain is shown by the other tests.
    const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: 'en-GB', acceptDownloads: true });
    page = await context.newPage();
  }, 300_000);

  afterAll(async () => {
    await browser?.close();
    await cloud?.stop();
  });

  it('loads with nothing that its content security policy refuses', async () => {
    const complaints: string[] = [];
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(cloud.ready.https);
    await page.getByLabel('Text', { exact: true }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('speaks Chinese and English with the key that was typed, and never puts the key into an address', async () => {
    const addresses: string[] = [];
    page.on('request', (request) => addresses.push(request.url()));
    await page.getByLabel('Text', { exact: true }).fill('你好世界. Hello world.');
    await page.getByLabel('API key').fill(cloud.ready.key);
    await page.getByRole('button', { name: 'Play' }).click();
    await expect
      .poll(() => page.locator('#status, #error').allTextContents(), { timeout: 20_000 })
      .toEqual([expect.stringMatching(/^Ready/), '']);
    // The page's own policy forbids eval, and with it Playwright's waitForFunction.
    await expect
      .poll(
        () => page.locator('audio').evaluate((audio) => (audio as unknown as { currentTime: number }).currentTime),
        { timeout: 20_000 },
      )
      .toBeGreaterThan(0);
    expect(addresses.join('\n')).not.toContain(cloud.ready.key);
  });

  it('saves a WAV', async () => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download' }).click(),
    ]);
    const wav = await readFile(await download.path());
    expect(wav.subarray(0, 4).toString()).toBe('RIFF');
  });

  it('tells a person whose key is wrong', async () => {
    await page.getByLabel('Text', { exact: true }).fill('not with this key');
    await page.getByLabel('API key').fill('vg_nonsense');
    await page.getByRole('button', { name: 'Play' }).click();
    await page.getByRole('alert').filter({ hasText: /key/i }).waitFor();
  });

  it('tells a person who was too fast how long to wait', async () => {
    await page.getByLabel('API key').fill(cloud.ready.key);
    for (let i = 0; i < 6; i++) {
      await page.getByLabel('Text', { exact: true }).fill(`one more ${i}`);
      const answered = page.waitForResponse((response) => response.url().endsWith('/tts'));
      await page.getByRole('button', { name: 'Play' }).click();
      await answered;
    }
    await page
      .getByRole('alert')
      .filter({ hasText: /\d+ seconds/ })
      .waitFor();
  });

  it('speaks Chinese to those who want it', async () => {
    await page.getByRole('button', { name: '中文' }).click();
    await page.getByRole('button', { name: '播放' }).waitFor();
  });
});
