(() => {
  const KEY_ITEM = 'voicegate.key';
  const LANGUAGE_ITEM = 'voicegate.language';

  const WORDS = {
    en: {
      title: 'Text to speech',
      lead: 'Type a text and hear it, in Chinese, English or both.',
      text: 'Text',
      placeholder: 'Hello, 你好世界!',
      characters: 'characters',
      voice: 'Voice',
      speed: 'Speed',
      key: 'API key',
      keyHint: 'Sent only to this service, and forgotten when you close this tab.',
      play: 'Play',
      download: 'Download',
      speaking: 'Making the speech…',
      ready: (seconds) => `Ready: ${seconds} seconds.`,
      empty: 'Type a text first.',
      tooLong: (max) => `The text is too long: at most ${max} characters.`,
      keyCharacters: 'The API key holds characters that no key has. Copy it again.',
      unauthorized: 'The API key is missing, wrong or no longer valid.',
      forbidden: 'This API key may not do that.',
      tooMany: (seconds) =>
        seconds ? `Too many requests. Wait ${seconds} seconds, then try again.` : 'Too many requests. Try again later.',
      unavailable: (seconds) =>
        seconds
          ? `The service is busy. Try again in ${seconds} seconds.`
          : 'The service is not available now. Try again later.',
      failed: (status) => `The service answered with an error (${status}).`,
      offline: 'The service cannot be reached. Check your connection.',
      brokenOff: 'The speech broke off. Try again.',
      unplayable: 'Your browser cannot play this sound. Download it instead.',
    },
    zh: {
      title: '文字转语音',
      lead: '输入一段文字，听它朗读：中文、英文或两者混排。',
      text: '文字',
      placeholder: '你好世界，hello！',
      characters: '个字符',
      voice: '声音',
      speed: '语速',
      key: 'API 密钥',
      keyHint: '只发送给本服务，关闭此标签页后即被遗忘。',
      play: '播放',
      download: '下载',
      speaking: '正在合成语音……',
      ready: (seconds) => `完成：${seconds} 秒。`,
      empty: '请先输入文字。',
      tooLong: (max) => `文字太长：最多 ${max} 个字符。`,
      keyCharacters: 'API 密钥含有不可能的字符，请重新复制。',
      unauthorized: 'API 密钥缺失、错误或已失效。',
      forbidden: '此 API 密钥无权执行该操作。',
      tooMany: (seconds) => (seconds ? `请求过多，请等待 ${seconds} 秒后重试。` : '请求过多，请稍后重试。'),
      unavailable: (seconds) => (seconds ? `服务繁忙，请在 ${seconds} 秒后重试。` : '服务暂不可用，请稍后重试。'),
      failed: (status) => `服务返回错误（${status}）。`,
      offline: '无法连接服务，请检查网络。',
      brokenOff: '语音中断，请重试。',
      unplayable: '浏览器无法播放此声音，请改为下载。',
    },
  };

  const element = (id) => document.getElementById(id);
  const text = element('text');
  const voice = element('voice');
  const speed = element('speed'); // Absent where the engine has one speed only.
  const key = element('key');
  const audio = element('audio');
  const buttons = [element('play'), element('download')];
  const maxCharacters = Number(text.dataset.max);

  // A browser may forbid storage; the page then works without memory.
  const storage = (name) => {
    try {
      return window[name];
    } catch {
      return undefined;
    }
  };
  const recall = (area, item) => {
    try {
      return storage(area)?.getItem(item) ?? '';
    } catch {
      return '';
    }
  };
  const remember = (area, item, value) => {
    try {
      storage(area)?.setItem(item, value);
    } catch {
      // Nothing is lost but the memory.
    }
  };

  let language = 'en';
  // The last speech: { request, whole }, where whole promises its Blob.
  let speech;
  let url;
  const SOUND = 'audio/mpeg';
  const playsWhileItArrives = 'MediaSource' in window && MediaSource.isTypeSupported(SOUND);
  let status; // The words shown last, so that they change with the language: [name, argument].
  let error;

  const say = ([name, argument] = []) => {
    const words = name === undefined ? '' : (WORDS[language][name] ?? name);
    return typeof words === 'function' ? words(argument) : words;
  };

  const show = (newStatus, newError) => {
    status = newStatus;
    error = newError;
    element('status').textContent = say(status);
    element('error').textContent = say(error);
  };

  const speak = (chosen) => {
    language = chosen;
    document.documentElement.lang = chosen === 'zh' ? 'zh-CN' : 'en';
    document.title = WORDS[chosen].title;
    for (const node of document.querySelectorAll('[data-i18n]')) node.textContent = WORDS[chosen][node.dataset.i18n];
    for (const node of document.querySelectorAll('[data-i18n-placeholder]'))
      node.placeholder = WORDS[chosen][node.dataset.i18nPlaceholder];
    for (const option of voice.options) option.textContent = option.dataset[chosen];
    const button = element('language');
    button.textContent = chosen === 'zh' ? 'English' : '中文';
    button.lang = chosen === 'zh' ? 'en' : 'zh';
    show(status, error);
  };

  // The service's own rule: newline and tab are a space, other control characters vanish, code points are counted.
  const clean = () => text.value.replace(/[\n\t]/g, ' ').replace(/\p{Cc}/gu, '');
  const length = (value) => Array.from(value).length;

  const count = () => {
    const characters = length(clean());
    element('characters').textContent = String(characters);
    element('count').classList.toggle('over', characters > maxCharacters);
    text.setAttribute('aria-invalid', String(characters > maxCharacters));
  };

  class Refusal extends Error {
    constructor(words) {
      super(words[0]);
      this.words = words;
    }
  }

  const retryAfter = (response) => {
    const given = response.headers.get('Retry-After') ?? '';
    if (/^\d+$/.test(given)) return Number(given);
    const at = Date.parse(given);
    return Number.isNaN(at) ? undefined : Math.max(1, Math.ceil((at - Date.now()) / 1000));
  };

  const refusalOf = async (response) => {
    if (response.status === 401) return new Refusal(['unauthorized']);
    if (response.status === 403) return new Refusal(['forbidden']);
    if (response.status === 429) return new Refusal(['tooMany', retryAfter(response)]);
    if ([502, 503, 504].includes(response.status)) return new Refusal(['unavailable', retryAfter(response)]);
    const body = await response.json().catch(() => ({}));
    return typeof body?.error === 'string' ? new Refusal([body.error]) : new Refusal(['failed', response.status]);
  };

  const synthesize = async () => {
    const cleaned = clean();
    if (cleaned.trim() === '') throw new Refusal(['empty']);
    if (length(cleaned) > maxCharacters) throw new Refusal(['tooLong', maxCharacters]);
    const headers = { 'Content-Type': 'application/json' };
    const secret = key.value.trim();
    if (/[^\x21-\x7e]/.test(secret)) throw new Refusal(['keyCharacters']);
    if (secret !== '') headers['X-API-Key'] = secret;
    const fields = { text: cleaned, voice: voice.value, speed: speed ? Number(speed.value) : 1, format: 'mp3' };
    const request = JSON.stringify(fields);
    if (speech?.request === request) return speech;

    speech?.stop.abort();
    speech = undefined;
    const stop = new AbortController();
    const options = { method: 'POST', headers, body: request, cache: 'no-store', signal: stop.signal };
    const response = await fetch('/tts', options).catch(() => {
      throw new Refusal(['offline']);
    });
    if (!response.ok) throw await refusalOf(response);
    remember('sessionStorage', KEY_ITEM, secret);
    const made = { request, stop };
    await new Promise((started, failed) => {
      made.whole = playsWhileItArrives ? feed(response, started) : response.blob();
      made.whole.then((blob) => {
        if (!playsWhileItArrives) setSource(blob);
        started();
      }, failed);
    }).catch(() => {
      throw new Refusal(['brokenOff']);
    });
    audio.hidden = false;
    speech = made;
    made.whole.catch(() => {
      // Another speech may have taken its place.
      if (speech !== made) return;
      speech = undefined;
      show(undefined, ['brokenOff']);
    });
    return speech;
  };

  const setSource = (source) => {
    if (url) URL.revokeObjectURL(url);
    url = URL.createObjectURL(source);
    audio.src = url;
  };

  const happened = (target, event) => new Promise((resolve) => target.addEventListener(event, resolve, { once: true }));

  // Gives the sound to the player as it arrives, and calls `started` once there is something to hear.
  const feed = async (response, started) => {
    const source = new MediaSource();
    setSource(source);
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
  };

  const run = async (use) => {
    for (const button of buttons) button.disabled = true;
    show(['speaking']);
    try {
      await use(await synthesize());
      if (status?.[0] === 'speaking') show();
    } catch (failure) {
      show(undefined, failure instanceof Refusal ? failure.words : ['failed', failure.name]);
    } finally {
      for (const button of buttons) button.disabled = false;
    }
  };

  const play = async () => {
    audio.currentTime = 0;
    try {
      await audio.play();
    } catch (failure) {
      // Without a fresh click a browser may want the player's own button pressed; it is there.
      if (failure.name === 'NotSupportedError') throw new Refusal(['unplayable']);
    }
  };

  const download = async ({ whole }) => {
    const blob = await whole.catch(() => {
      throw new Refusal(['brokenOff']);
    });
    const link = document.createElement('a');
    link.href = URL.createObjectURL(blob);
    link.download = 'speech.mp3';
    link.click();
    // Late enough for the browser to have begun.
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  };

  element('form').addEventListener('submit', (event) => {
    event.preventDefault();
    void run(play);
  });
  element('download').addEventListener('click', () => void run(download));
  element('language').addEventListener('click', () => {
    speak(language === 'zh' ? 'en' : 'zh');
    remember('localStorage', LANGUAGE_ITEM, language);
  });
  // While sound arrives the duration is not known.
  audio.addEventListener('durationchange', () => {
    if (Number.isFinite(audio.duration)) show(['ready', audio.duration.toFixed(1)]);
  });
  text.addEventListener('input', count);
  speed?.addEventListener('input', () => {
    element('speed-value').textContent = speed.value;
  });

  key.value = recall('sessionStorage', KEY_ITEM);
  const remembered = recall('localStorage', LANGUAGE_ITEM);
  speak(remembered in WORDS ? remembered : /^zh\b/i.test(navigator.language) ? 'zh' : 'en');
  count();
})();
