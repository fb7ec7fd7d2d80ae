/** Speech as it arrives. */
import { Refusal, refusalOf } from './refusal.js';

const SOUND = 'audio/mpeg';
const PLAYS_WHILE_IT_ARRIVES = 'MediaSource' in window && MediaSource.isTypeSupported(SOUND);

/** Asks for the speech. `request` is the body, in JSON. */
export async function ask(request, { key, hasSession, signal }) {
  const headers = { 'Content-Type': 'application/json' };
  if (key !== '') headers['X-API-Key'] = key;
  const options = { method: 'POST', headers, body: request, cache: 'no-store', signal };
  const response = await fetch('/tts', options).catch(() => {
    throw new Refusal(['offline']);
  });
  if (!response.ok) throw await refusalOf(response, { hasSession, hasKey: key !== '' });
  return response;
}

/** The player, and what it holds. */
export class Player {
  #url;

  constructor(audio) {
    this.audio = audio;
  }

  /** Resolves once there is something to hear, with what promises the whole as a Blob. */
  async take(response) {
    let whole;
    await new Promise((started, failed) => {
      whole = PLAYS_WHILE_IT_ARRIVES ? this.#feed(response, started) : response.blob();
      whole.then((blob) => {
        if (!PLAYS_WHILE_IT_ARRIVES) this.#show(blob);
        started();
      }, failed);
    }).catch(() => {
      throw new Refusal(['brokenOff']);
    });
    this.audio.hidden = false;
    return { whole };
  }

  clear() {
    this.audio.pause();
    this.audio.hidden = true;
    this.audio.removeAttribute('src');
    this.audio.load();
  }

  async play() {
    this.audio.currentTime = 0;
    try {
      await this.audio.play();
    } catch (failure) {
      // Without a fresh click a browser may want the player's own button pressed; it is there.
      if (failure.name === 'NotSupportedError') throw new Refusal(['unplayable']);
    }
  }

  #show(source) {
    if (this.#url) URL.revokeObjectURL(this.#url);
    this.#url = URL.createObjectURL(source);
    this.audio.src = this.#url;
  }

  /** Gives the sound to the player as it arrives, and calls `started` once there is something to hear. */
  async #feed(response, started) {
    const source = new MediaSource();
    this.#show(source);
    await happened(source, 'sourceopen');
    const buffer = source.addSourceBuffer(SOUND);
    const parts = [];
    const reader = response.body.getReader();
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      parts.push(read.value);
      const taken = happened(buffer, 'updateend');
      buffer.appendBuffer(read.value);
      await taken;
      started();
    }
    source.endOfStream();
    return new Blob(parts, { type: SOUND });
  }
}

function happened(target, event) {
  return new Promise((resolve) => target.addEventListener(event, resolve, { once: true }));
}

/** Saves the sound as a file of that format. */
export function save(blob, format) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = `speech.${format}`;
  link.click();
  // Late enough for the browser to have begun.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** The request as a line for a POSIX shell, with the key left to the environment. */
export function curlLine(request, format) {
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  return [
    'curl -H "X-API-Key: $VOICEGATE_KEY"',
    `-H ${quoted('Content-Type: application/json')}`,
    `-d ${quoted(request)}`,
    quoted(new URL('/tts', location.href).href),
    `-o speech.${format}`,
  ].join(' ');
}
