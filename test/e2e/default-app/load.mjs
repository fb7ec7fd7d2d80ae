// @ts-check
/**
 * Requests all the while, from a thread of its own: whoever deploys meanwhile computes for seconds, and a client that
 * pauses in its handshake for longer than a load balancer allows is cut off. Told to stop, it tells the answers: `200`,
 * or what went wrong.
 */
import { Agent, request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';

/** @type {{ readonly url: string, readonly ca: string, readonly key: string }} */
const { url, ca, key } = workerData;

/**
 * @param {string} path
 * @param {Agent | false} agent
 * @returns {Promise<string>}
 */
function ask(path, agent) {
  return new Promise((resolve) => {
    const call = request(`${url}${path}`, { ca, headers: { 'x-api-key': key }, agent, timeout: 20_000 }, (response) => {
      response.on('error', (error) => resolve(`${path}: ${error.message}`));
      response.on('end', () => resolve(response.statusCode === 200 ? '200' : `${path}: ${response.statusCode}`));
      response.resume();
    });
    call.on('timeout', () => call.destroy(new Error('no answer')));
    call.on('error', (error) => resolve(`${path}: ${error.message}`));
    call.end();
  });
}

let going = true;
/** @type {string[]} */
const answers = [];
const kept = new Agent({ keepAlive: true });

/** @param {string} path @param {number} pause @param {Agent | false} agent */
async function keepAsking(path, pause, agent) {
  while (going) {
    answers.push(await ask(path, agent));
    await sleep(pause);
  }
}

parentPort?.once('message', () => {
  going = false;
});
await Promise.all([
  keepAsking('/tts?text=hello', 150, kept),
  keepAsking('/tts?text=hello', 150, false),
  keepAsking('/', 50, kept),
  keepAsking('/', 50, false),
]);
kept.destroy();
parentPort?.postMessage(answers);
