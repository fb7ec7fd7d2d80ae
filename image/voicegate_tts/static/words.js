/** What the page says, in each language. `{wait}` stands for a time that counts down. */
export const WORDS = {
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
    signedIn: 'You are signed in. Your speech counts for the key with which you signed in.',
    signOut: 'Sign out',
    play: 'Play',
    cancel: 'Cancel',
    shortcuts: 'Ctrl+Enter plays, Escape cancels.',
    format: 'Format of the file',
    download: 'Download',
    speech: 'Speech',
    old: 'This sound is old: text, voice or speed have changed since.',
    curl: 'The same with curl',
    curlHint:
      'Put your key into VOICEGATE_KEY first. If the certificate is one of your own, add --cacert and its file.',
    copy: 'Copy',
    copied: 'Copied.',
    notCopied: 'Your browser does not let the page copy. Select the line and copy it.',
    speaking: 'Making the speech…',
    cancelled: 'Cancelled.',
    ready: (seconds) => `Ready: ${seconds} seconds.`,
    empty: 'Type a text first.',
    tooLong: (max) => `The text is too long: at most ${max} characters.`,
    keyCharacters: 'The API key holds characters that no key has. Copy it again.',
    twoKeys: 'You are signed in and have typed another key as well. Sign out to use that key, or empty its field.',
    unauthorized: 'The API key is missing, wrong or no longer valid.',
    sessionEnded:
      'You are no longer signed in: the time is over, or the key is no longer valid. Sign out, then try again.',
    forbidden: 'This API key may not do that.',
    tooMany: 'Too many requests. Wait {wait}, then try again.',
    tooManyNow: 'Too many requests. Try again later.',
    quota: ({ unit, period }) =>
      `The quota of this key is used up: its ${unit}${period ? ` for this ${period}` : ''}. It begins anew in {wait}.`,
    quotaNow: 'The quota of this key is used up.',
    units: { characters: 'characters', requests: 'requests' },
    periods: { minute: 'minute', hour: 'hour', day: 'day', month: 'month' },
    unavailable: 'The service is busy. Try again in {wait}.',
    unavailableNow: 'The service is not available now. Try again later.',
    again: 'You can try again now.',
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
    signedIn: '您已登录，语音用量计入登录时使用的密钥。',
    signOut: '退出登录',
    play: '播放',
    cancel: '取消',
    shortcuts: 'Ctrl+Enter 播放，Esc 取消。',
    format: '文件格式',
    download: '下载',
    speech: '语音',
    old: '此语音已过期：文字、声音或语速已修改。',
    curl: '用 curl 实现',
    curlHint: '请先把密钥放入环境变量 VOICEGATE_KEY。如果使用自有证书，请加上 --cacert 和证书文件。',
    copy: '复制',
    copied: '已复制。',
    notCopied: '浏览器不允许网页复制，请手动选中并复制。',
    speaking: '正在合成语音……',
    cancelled: '已取消。',
    ready: (seconds) => `完成：${seconds} 秒。`,
    empty: '请先输入文字。',
    tooLong: (max) => `文字太长：最多 ${max} 个字符。`,
    keyCharacters: 'API 密钥含有不可能的字符，请重新复制。',
    twoKeys: '您已登录，同时又输入了另一个密钥。请退出登录后再使用该密钥，或清空密钥栏。',
    unauthorized: 'API 密钥缺失、错误或已失效。',
    sessionEnded: '登录已失效：已超时，或密钥不再有效。请退出登录后重试。',
    forbidden: '此 API 密钥无权执行该操作。',
    tooMany: '请求过多，请等待 {wait}后重试。',
    tooManyNow: '请求过多，请稍后重试。',
    quota: ({ unit, period }) => `此密钥${period}的${unit}配额已用完，{wait}后重新开始计算。`,
    quotaNow: '此密钥的配额已用完。',
    units: { characters: '字符', requests: '请求' },
    periods: { minute: '每分钟', hour: '每小时', day: '当日', month: '当月' },
    unavailable: '服务繁忙，请在 {wait}后重试。',
    unavailableNow: '服务暂不可用，请稍后重试。',
    again: '现在可以重试了。',
    failed: (status) => `服务返回错误（${status}）。`,
    offline: '无法连接服务，请检查网络。',
    brokenOff: '语音中断，请重试。',
    unplayable: '浏览器无法播放此声音，请改为下载。',
  },
};

const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
];

/** A time in words, such as "3 hours 20 minutes": its two largest units. Below two minutes in seconds alone. */
export function duration(seconds, language) {
  let rest = seconds;
  const parts = [];
  for (const [unit, length] of seconds < 120 ? UNITS.slice(3) : UNITS) {
    const amount = Math.floor(rest / length);
    rest -= amount * length;
    if (amount > 0 || (unit === 'second' && parts.length === 0)) {
      parts.push(new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' }).format(amount));
    }
  }
  return parts.slice(0, 2).join(' ');
}
