/** `npm run docs:pictures`: pictures of the page and of the terminal, taken from the product while it runs. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { launchBrowser, NO_BROWSER } from '../../test/e2e/support/browser';

const here = import.meta.dirname;
const root = join(here, '../..');
const TEXT = '春眠不觉晓，处处闻啼鸟。\nGood morning! This voice speaks Chinese and English.';
/** What the start prints before it lists what is emulated. */
const END_OF_GREETING = '\nServed here:';

interface Started {
  readonly child: ChildProcess;
  /** Everything that was printed so far. */
  printed(): string;
}

async function start(stateDirectory: string): Promise<Started> {
  const options = ['--http-port', '0', '--https-port', '0', '--state-dir', stateDirectory];
  const child = spawn(process.execPath, ['local/start.mjs', ...options], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', () => text.includes('\nRequests:') && resolve());
    child.once('exit', (code) => reject(new Error(`npm start ended with exit code ${code}:\n${text}`)));
  });
  return { child, printed: () => text };
}

function found(pattern: RegExp, text: string): string {
  const match = pattern.exec(text)?.[0];
  if (match === undefined) throw new Error(`npm start printed nothing like ${pattern}`);
  return match;
}

/** The page with a text that was spoken. */
async function photographPage(browser: Browser, printed: string): Promise<void> {
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    locale: 'en-GB',
    colorScheme: 'light',
    viewport: { width: 760, height: 900 },
  });
  const page = await context.newPage();
  await page.goto(found(/https:\/\/localhost:\d+\//, printed));
  await page.getByLabel('Text', { exact: true }).fill(TEXT);
  await page.getByLabel('API key').fill(found(/vg_\w+/, printed));
  await page.getByRole('button', { name: 'Play' }).click();
  await page.getByRole('status').filter({ hasText: 'Ready' }).waitFor({ timeout: 120_000 });
  await page.locator('main').screenshot({ path: join(here, 'page.png') });
  await context.close();
}

/** The terminal until the service is ready, as it looks with the standard ports and folder. */
async function photographTerminal(browser: Browser, printed: string, stateDirectory: string): Promise<void> {
  const greeting = printed.slice(0, printed.indexOf(END_OF_GREETING));
  const done = greeting.split('\n').filter((line) => line.startsWith('✓'));
  const ready = greeting.slice(greeting.indexOf('Voicegate is ready'));
  const text = [
    '$ npm start',
    ...done,
    '',
    ready
      .replace(/ --state-dir \S+/, '')
      .replaceAll(stateDirectory, '.voicegate')
      .replace(/(https:\/\/localhost):\d+/g, '$1:8443')
      .replace(/(http:\/\/localhost):\d+/g, '$1:8080')
      .trimEnd(),
  ]
    .join('\n')
    .replace(/(vg_\w{12})_\w+/g, '$1_…')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;');
  const page = await browser.newPage({ viewport: { width: 900, height: 400 } });
  await page.setContent(`<!doctype html><meta charset="utf-8"><style>
    body { margin: 0; background: #fff; }
    pre { margin: 0; padding: 20px 24px; background: #0d1117; color: #e6edf3; border-radius: 10px;
      font: 13px/1.5 "DejaVu Sans Mono", monospace, "WenQuanYi Micro Hei", "Noto Sans CJK SC"; white-space: pre-wrap; overflow-wrap: anywhere; }
  </style><pre>${text}</pre>`);
  await page.locator('pre').screenshot({ path: join(here, 'terminal.png') });
}

/** Without a Chinese font the text would be a row of boxes. */
function checkTools(): void {
  if (NO_BROWSER !== undefined) throw new Error(NO_BROWSER);
  if (spawnSync('fc-list', [':lang=zh'], { encoding: 'utf8' }).stdout?.trim()) return;
  throw new Error('no Chinese font is installed; Debian and Ubuntu: apt-get install fonts-wqy-microhei');
}

checkTools();
const stateDirectory = await mkdtemp(join(tmpdir(), 'voicegate-pictures-'));
let started: Started | undefined;
const browser = await launchBrowser();
try {
  started = await start(stateDirectory);
  await photographPage(browser, started.printed());
  await photographTerminal(browser, started.printed(), stateDirectory);
} finally {
  await browser.close();
  if (started !== undefined && started.child.exitCode === null) {
    const ended = new Promise((resolve) => started?.child.once('exit', resolve));
    started.child.kill('SIGINT');
    await ended;
  }
  await rm(stateDirectory, { recursive: true, force: true });
}
