/**
 * `npm run bench:first-sound`: how long a caller waits for the first byte of sound, by the length of the text, through the
 * whole local system: load balancer, gate, authorizer and the neural engine. Texts take turns, so that what else the
 * machine does falls on all of them. Figures of one machine say little: trust the ratios.
 */
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { loadavg } from 'node:os';
import { LocalCloud } from '../test/e2e/support/local-cloud';

const LENGTHS = [10, 100, 500, 4096] as const;
const ROUNDS = Number(process.argv[2] ?? 5);
const VERSE = '今天天气很好，我们一起去公园散步吧。听说那里的花都开了，湖边的人很多。';
const AIM = 1.3;
/** Each round begins with another one, so that nothing is in the service's memory yet. */
const BEGINNINGS = '天地玄黄宇宙洪荒日月盈昃辰宿列张';

/** Milliseconds until the first byte of sound; the rest is not waited for. */
function firstSound(url: string, ca: Buffer, key: string, text: string): Promise<number> {
  const body = JSON.stringify({ model: 'tts-1', voice: 'nova', input: text, response_format: 'pcm' });
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const call = request(`${url}/v1/audio/speech`, { method: 'POST', headers, ca, agent: false }, (answer) => {
      if (answer.statusCode !== 200) return reject(new Error(`${text.length} characters: ${answer.statusCode}`));
      answer.once('data', () => {
        resolve(performance.now() - started);
        call.destroy();
      });
      answer.on('error', () => undefined);
    });
    call.on('error', reject);
    call.end(body);
  });
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

async function main(): Promise<void> {
  const cloud = await LocalCloud.start({ engine: 'kokoro', requestsPerMinute: '6000', synthesisPerMinute: '6000' });
  try {
    const { https, ca, key } = cloud.ready;
    const times = new Map<number, number[]>(LENGTHS.map((length) => [length, []]));
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const length of LENGTHS) {
        const beginning = BEGINNINGS[round % BEGINNINGS.length] ?? '';
        const text = (beginning + VERSE.repeat(Math.ceil(length / VERSE.length))).slice(0, length);
        // The piece that the call before left behind is made by then.
        await firstSound(https, readFileSync(ca), key, `${beginning}${length}`);
        times.get(length)?.push(await firstSound(https, readFileSync(ca), key, text));
      }
    }
    const base = median(times.get(LENGTHS[0]) ?? []);
    console.log(`Load when the run ended: ${loadavg()[0]?.toFixed(1)}. Medians of ${ROUNDS} rounds; aim: ≤ ${AIM}.\n`);
    console.log('| characters | first byte of sound | of that of 10 |\n|---|---|---|');
    for (const [length, found] of times) {
      console.log(`| ${length} | ${(median(found) / 1000).toFixed(2)} s | ${(median(found) / base).toFixed(2)} |`);
    }
  } finally {
    await cloud.stop();
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
