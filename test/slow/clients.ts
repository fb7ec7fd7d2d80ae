/**
 * The clients that people have, each installed from its registry and run against the local cloud with nothing set but
 * address and key; what they were given is decoded. `tsx test/slow/clients.ts [NAME]…`
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { runCommand } from '../../local/launch/command.mjs';
import { ensureTools } from '../../local/toolchain/index.mjs';
import { LocalCloud } from '../e2e/support/local-cloud';
import { CLIENTS, type Client } from './clients/catalogue';
import { installClient } from './clients/installed';

const TEXT = 'Hello there, 你好。今天天气很好。';
/** What such a text lasts, in seconds. */
const SHORTEST = 1;
const LONGEST = 8;
/** Of full scale; silence has none. */
const QUIETEST = 0.05;
const PATIENCE = 180_000;

async function speak(client: Client, cloud: LocalCloud, key: string, directory: string): Promise<string> {
  const { command, env } = await installClient(client, directory);
  const file = join(directory, 'sound');
  rmSync(file, { force: true });
  const [program = '', ...args] = command;
  const { ca, https } = cloud.ready;
  const trust = { SSL_CERT_FILE: ca, REQUESTS_CA_BUNDLE: ca, NODE_EXTRA_CA_CERTS: ca };
  // LiteLLM would fetch its list of prices first.
  const offline = { LITELLM_LOCAL_MODEL_COST_MAP: 'True' };
  const child = spawn(program, args, {
    env: { ...process.env, ...trust, ...offline, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: PATIENCE,
  });
  child.stdin.end(JSON.stringify({ base_url: `${https}/v1`, api_key: key, text: TEXT, file }));
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [, said, code] = await Promise.all([textOf(child.stdout), textOf(child.stderr), closed]);
  if (code !== 0 || !existsSync(file)) throw new Error(`it ended with ${code}:\n${said.slice(-2_000)}`);
  return heard(client, file);
}

async function heard(client: Client, file: string): Promise<string> {
  const { python } = await ensureTools({ development: true });
  const decoder = join(__dirname, 'clients/decode.py');
  const { status, stdout, output } = await runCommand(python, [decoder, file, client.sound]);
  if (status !== 0) throw new Error(`what it was given cannot be decoded:\n${output.slice(-1_000)}`);
  const { seconds, peak } = JSON.parse(stdout) as { readonly seconds: number; readonly peak: number };
  const told = `${seconds.toFixed(1)} s of sound with a peak of ${peak.toFixed(2)}`;
  if (seconds < SHORTEST || seconds > LONGEST || peak < QUIETEST) throw new Error(`it was given ${told}`);
  return told;
}

async function main(): Promise<number> {
  const names = process.argv.slice(2);
  const chosen = CLIENTS.filter(({ name }) => names.length === 0 || names.includes(name));
  if (chosen.length === 0) {
    throw new Error(
      `no client is called ${names.join(' or ')}: there are ${CLIENTS.map(({ name }) => name).join(', ')}`,
    );
  }
  const directory = mkdtempSync(join(tmpdir(), 'voicegate-clients-'));
  const cloud = await LocalCloud.start();
  let failed = 0;
  try {
    // The recipe's rate: see docs/clients.md.
    const { key } = await cloud.createKey('clients', '--rate', '60', '--burst', '10');
    for (const client of chosen) {
      const what = `${client.name}, ${client.packages.join(' ')}`;
      try {
        console.log(`${what}: ${await speak(client, cloud, key, directory)}`);
      } catch (error) {
        failed += 1;
        console.log(`${what}: FAILED, ${error instanceof Error ? error.message : error}`);
      }
    }
  } finally {
    await cloud.stop();
    rmSync(directory, { recursive: true, force: true });
  }
  console.log(`${chosen.length - failed} passed, ${failed} failed`);
  return failed;
}

main().then(
  (failed) => process.exit(failed > 0 ? 1 : 0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
