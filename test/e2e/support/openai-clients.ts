/** The clients that people use: OpenAI's own, for Node.js and for Python. */

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import OpenAI from 'openai';
import { ensureTools } from '../../../local/toolchain/index.mjs';
import { call } from './http';

export interface SpeechCall {
  readonly baseUrl: string;
  readonly apiKey: string;
  /** File of the CA that signed the server's certificate. */
  readonly ca: string;
  readonly input: string;
  readonly maxRetries: number;
  /** Loopback address to call from: another address is another client. */
  readonly from: string;
}

export interface SpeechEnd {
  /** Name of the error's class; null: it was spoken. */
  readonly error: string | null;
  /** What the exception says. */
  readonly message: string | null;
  readonly status: number;
  readonly body: string;
  /** The answer's header field `RateLimit`. */
  readonly rateLimit: string | null;
}

export type SpeechClient = (call: SpeechCall) => Promise<SpeechEnd>;

const speakFromNode: SpeechClient = async ({ baseUrl, apiKey, ca, input, maxRetries, from }) => {
  const client = new OpenAI({
    baseURL: baseUrl,
    apiKey,
    maxRetries,
    timeout: 30_000,
    fetch: trustingFetch(ca, from),
  });
  try {
    const spoken = await client.audio.speech.create({ model: 'tts-1', voice: 'alloy', input });
    const rateLimit = spoken.headers.get('ratelimit');
    return { error: null, message: null, status: spoken.status, body: await spoken.text(), rateLimit };
  } catch (error) {
    if (!(error instanceof OpenAI.APIError) || error.status === undefined) throw error;
    const body = JSON.stringify(error.error ?? null);
    const rateLimit = error.headers?.get('ratelimit') ?? null;
    return { error: error.constructor.name, message: error.message, status: error.status, body, rateLimit };
  }
};

async function startPythonClient() {
  const { python } = await ensureTools({ development: true });
  const child = spawn(python, [join(__dirname, 'openai_client.py')], { stdio: ['pipe', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const ended = new Promise<never>((_, reject) => {
    child.once('close', (code) => reject(new Error(`the Python client ended with ${code}:\n${stderr}`)));
  });
  ended.catch(() => undefined);
  return { stdin: child.stdin, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator](), ended };
}

/** One process for all calls: to load the library takes seconds of CPU. */
let pythonClient: ReturnType<typeof startPythonClient> | undefined;
let before: Promise<unknown> = Promise.resolve();

const speakFromPython: SpeechClient = async (speech) => {
  pythonClient ??= startPythonClient();
  const { stdin, lines, ended } = await pythonClient;
  const answer = before.then(async () => {
    stdin.write(`${JSON.stringify(speech)}\n`);
    return await Promise.race([lines.next(), ended]);
  });
  before = answer.catch(() => undefined);
  const { value } = await answer;
  return JSON.parse(value as string) as SpeechEnd;
};

/** Ends what the clients keep running. */
export async function stopClients(): Promise<void> {
  (await pythonClient)?.stdin.end();
  await (await pythonClient)?.ended.catch(() => undefined);
}

export const CLIENTS: readonly (readonly [name: string, speak: SpeechClient])[] = [
  ['npm', speakFromNode],
  ['Python', speakFromPython],
];

/** The client has no option for a CA of one's own: this fetch trusts the local one. */
export function trustingFetch(ca: string, from?: string): typeof fetch {
  return async (input, init) => {
    const request = new Request(input as Request, init);
    const answer = await call(request.url, {
      method: request.method,
      headers: Object.fromEntries(request.headers),
      body: Buffer.from(await request.arrayBuffer()),
      ca,
      ...(from !== undefined && { from }),
    });
    return new Response(new Uint8Array(answer.body), {
      status: answer.status,
      headers: Object.fromEntries(
        Object.entries(answer.headers).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
      ),
    });
  };
}
