/** The page: its fields, its buttons, and what they do. */

import { recall, remember } from './memory.js';
import { Notices } from './notices.js';
import { Refusal } from './refusal.js';
import { ask, curlLine, Player, save } from './sound.js';
import { WORDS } from './words.js';

const element = (id) => document.getElementById(id);
const text = element('text');
const voice = element('voice');
const speed = element('speed'); // Absent where the engine has one speed only.
const key = element('key');
const format = element('format');
const session = element('session');
const buttons = [element('play'), element('download')];
const maxCharacters = Number(text.dataset.max);
const notices = new Notices(element('status'), element('error'));
const player = new Player(element('audio'));

/** Of fields that survive a reload, by the names under which they are remembered. */
const KEPT = { text, voice, speed, format };

// The sound in the player: { request, stop, isWhole, whole }, where whole promises its Blob.
let speech;
// The last file that is no sound of the player: { request, blob }.
let file;
// Ends what is being made.
let busy;

function speak(language) {
  notices.language = language;
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  document.title = WORDS[language].title;
  for (const node of document.querySelectorAll('[data-i18n]')) node.textContent = WORDS[language][node.dataset.i18n];
  for (const node of document.querySelectorAll('[data-i18n-placeholder]'))
    node.placeholder = WORDS[language][node.dataset.i18nPlaceholder];
  for (const node of document.querySelectorAll('[data-i18n-label]'))
    node.setAttribute('aria-label', WORDS[language][node.dataset.i18nLabel]);
  for (const option of voice.options) option.textContent = option.dataset[language];
  const button = element('language');
  button.textContent = language === 'zh' ? 'English' : '中文';
  button.lang = language === 'zh' ? 'en' : 'zh';
  notices.render();
}

// The service's own rule: newline and tab are a space, other control characters vanish, code points are counted.
const clean = () => text.value.replace(/[\n\t]/g, ' ').replace(/\p{Cc}/gu, '');
const length = (value) => Array.from(value).length;

function count() {
  const characters = length(clean());
  const isOver = characters > maxCharacters;
  element('characters').textContent = String(characters);
  element('count').classList.toggle('over', isOver);
  text.setAttribute('aria-invalid', String(isOver));
  // Said once, when the limit is passed, and not at every letter.
  if (isOver && !notices.isError('tooLong')) notices.show(undefined, ['tooLong', maxCharacters]);
  else if (!isOver && notices.isError('tooLong')) notices.show();
}

const requestFor = (kind) =>
  JSON.stringify({ text: clean(), voice: voice.value, speed: speed ? Number(speed.value) : 1, format: kind });

/** Says whether the player's sound is that of the fields. */
function compare() {
  const isOld = speech !== undefined && speech.request !== requestFor('mp3');
  element('old').hidden = !isOld;
  player.audio.classList.toggle('old', isOld);
}

function check() {
  const cleaned = clean();
  if (cleaned.trim() === '') throw new Refusal(['empty']);
  if (length(cleaned) > maxCharacters) throw new Refusal(['tooLong', maxCharacters]);
  if (/[^\x21-\x7e]/.test(key.value.trim())) throw new Refusal(['keyCharacters']);
}

async function fetchSpeech(request, signal) {
  const secret = key.value.trim();
  const response = await ask(request, { key: secret, hasSession: !session.hidden, signal });
  remember('sessionStorage', 'key', secret);
  return response;
}

/** The speech of the fields in the player: the one that is there, or a new one. */
async function synthesize(stop) {
  const request = requestFor('mp3');
  if (speech?.request === request) return speech;
  player.audio.pause();
  if (speech?.isWhole === false) forget();
  const response = await fetchSpeech(request, stop.signal);
  // An older sound is there until now, should nothing come of this one.
  forget();
  const made = { request, stop, isWhole: false, ...(await player.take(response)) };
  const isThere = () => {
    made.isWhole = true;
  };
  made.whole.then(isThere, () => {
    // Another speech may have taken its place.
    if (speech !== made) return;
    forget();
    notices.show(undefined, ['brokenOff']);
  });
  speech = made;
  return made;
}

function forget() {
  speech?.stop.abort();
  speech = undefined;
  player.clear();
  compare();
}

/** One at a time. The buttons keep the focus, so they are not disabled but do nothing. */
async function run(kind, use) {
  if (busy !== undefined) return;
  const stop = new AbortController();
  const request = requestFor(kind);
  busy = stop;
  setBusy(true);
  notices.show(['speaking']);
  try {
    check();
    await use(stop);
    if (notices.isStatus('speaking')) notices.show();
    element('curl-line').textContent = curlLine(request, kind);
    element('curl').hidden = false;
  } catch (failure) {
    if (stop.signal.aborted) notices.show(['cancelled']);
    else if (!(failure instanceof Refusal)) notices.show(undefined, ['failed', failure.name]);
    else {
      notices.show(undefined, failure.words, failure.wait);
      // Signed in in another tab meanwhile.
      if (failure.words[0] === 'twoKeys') session.hidden = false;
    }
  } finally {
    busy = undefined;
    setBusy(false);
    compare();
  }
}

function setBusy(isBusy) {
  for (const button of buttons) button.setAttribute('aria-disabled', String(isBusy));
  // It goes with the focus on it, which then belongs where it came from.
  if (!isBusy && document.activeElement === element('cancel')) element('play').focus();
  element('cancel').hidden = !isBusy;
}

const play = () =>
  run('mp3', async (stop) => {
    await synthesize(stop);
    await player.play();
  });

const download = () =>
  run(format.value, async (stop) => {
    const kind = format.value;
    const request = requestFor(kind);
    if (kind !== 'mp3' && file?.request !== request) {
      const response = await fetchSpeech(request, stop.signal);
      file = { request, blob: await whole(response.blob()) };
    }
    save(kind === 'mp3' ? await whole((await synthesize(stop)).whole) : file.blob, kind);
  });

const whole = (blob) =>
  blob.catch(() => {
    throw new Refusal(['brokenOff']);
  });

/** Ends what is being made, or the sound that arrives or plays. */
function cancel() {
  if (busy !== undefined) {
    busy.abort();
  } else if (speech?.isWhole === false) {
    forget();
    notices.show(['cancelled']);
  } else player.audio.pause();
}

async function signOut() {
  const response = await fetch('/.voicegate/session', { method: 'DELETE' }).catch(() => undefined);
  if (response?.ok !== true) {
    notices.show(undefined, response === undefined ? ['offline'] : ['failed', response.status]);
    return;
  }
  remember('sessionStorage', 'key', key.value.trim());
  location.reload();
}

async function copy() {
  try {
    await navigator.clipboard.writeText(element('curl-line').textContent);
    notices.show(['copied']);
  } catch {
    notices.show(['notCopied']);
  }
}

element('form').addEventListener('submit', (event) => {
  event.preventDefault();
  void play();
});
element('download').addEventListener('click', () => void download());
element('cancel').addEventListener('click', cancel);
element('sign-out').addEventListener('click', () => void signOut());
element('copy').addEventListener('click', () => void copy());
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') cancel();
  else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    void play();
  }
});
element('language').addEventListener('click', () => {
  const language = notices.language === 'zh' ? 'en' : 'zh';
  speak(language);
  remember('localStorage', 'language', language);
});
// While sound arrives the duration is not known.
player.audio.addEventListener('durationchange', () => {
  if (Number.isFinite(player.audio.duration)) notices.show(['ready', player.audio.duration.toFixed(1)]);
});

function showSpeed() {
  if (!speed) return;
  element('speed-value').textContent = speed.value;
  speed.setAttribute('aria-valuetext', `${speed.value}×`);
}

for (const [name, field] of Object.entries(KEPT)) {
  if (!field) continue;
  const kept = recall('sessionStorage', name);
  // Typed before this program came: newer than what is remembered.
  if (field === text && text.value !== '') remember('sessionStorage', name, text.value);
  // A voice or format that is gone would leave nothing chosen.
  else if (kept !== '' && (!field.options || [...field.options].some(({ value }) => value === kept)))
    field.value = kept;
  field.addEventListener('input', () => {
    remember('sessionStorage', name, field.value);
    if (field === text) count();
    showSpeed();
    compare();
  });
}
if (session.hidden && key.value === '') key.value = recall('sessionStorage', 'key');
const language = recall('localStorage', 'language');
speak(language in WORDS ? language : /^zh\b/i.test(navigator.language) ? 'zh' : 'en');
count();
showSpeed();
// Before this the browser would send the form by itself, and the text would be lost.
for (const button of buttons) button.disabled = false;
