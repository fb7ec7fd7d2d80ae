/** The page on which a person signs in. It needs no script, so any content security policy lets it be. */

import { SESSION_PATH, SESSION_STYLE_PATH } from '../../locations';

export type Problem = 'refused' | 'busy' | 'failed' | 'origin' | 'form';

interface Words {
  readonly language: string;
  readonly title: string;
  readonly key: string;
  readonly submit: string;
  readonly hint: string;
  readonly onward: string;
  readonly signedIn: string;
  readonly open: string;
  readonly end: string;
  readonly problems: Readonly<Record<Problem, string>>;
}

const ENGLISH: Words = {
  language: 'en',
  title: 'Sign in',
  key: 'API key',
  submit: 'Sign in',
  hint: 'The key is kept encrypted in a cookie of this site that no script can read.',
  onward: 'Signed in already? Go on.',
  signedIn: 'You are signed in.',
  open: 'Go on',
  end: 'Sign out',
  problems: {
    refused: 'This key is not accepted.',
    busy: 'Too many attempts. Please wait a moment and try again.',
    failed: 'The key cannot be checked right now. Please try again in a moment.',
    origin: 'The form was sent from another site. Please sign in here.',
    form: 'The form could not be read. Please try again.',
  },
};

const CHINESE: Words = {
  language: 'zh',
  title: '登录',
  key: 'API 密钥',
  submit: '登录',
  hint: '密钥以加密形式保存在本站的 Cookie 中，任何脚本都无法读取。',
  onward: '已经登录？继续。',
  signedIn: '您已登录。',
  open: '继续',
  end: '退出登录',
  problems: {
    refused: '此密钥无效。',
    busy: '尝试次数过多，请稍候再试。',
    failed: '暂时无法验证密钥，请稍后再试。',
    origin: '表单来自其他网站，请在此登录。',
    form: '无法读取表单，请重试。',
  },
};

export interface PageState {
  /** The `Accept-Language` header. */
  readonly languages: string;
  /** Where to go on to: a path of this site, with query. */
  readonly back: string;
  readonly signedIn: boolean;
  readonly problem?: Problem;
}

export function signInPage({ languages, back, signedIn, problem }: PageState): string {
  const words = /^\s*zh\b/i.test(languages) ? CHINESE : ENGLISH;
  const hidden = (name: string, value: string) => `<input type="hidden" name="${name}" value="${escapeHtml(value)}">`;
  const alert = problem === undefined ? '' : `<p role="alert">${words.problems[problem]}</p>`;
  const body = signedIn
    ? `<p>${words.signedIn}</p>
<p><a href="${escapeHtml(back)}">${words.open}</a></p>
<form method="post" action="${SESSION_PATH}">${hidden('end', '1')}<button>${words.end}</button></form>`
    : `<form method="post" action="${SESSION_PATH}">
<label for="key">${words.key}</label>
<input id="key" name="key" type="password" required maxlength="512" autocomplete="current-password" autocapitalize="none" spellcheck="false" autofocus>
${hidden('return', back)}<button>${words.submit}</button>
</form>
<p>${words.hint}</p>${back === '/' ? '' : `\n<p><a href="${escapeHtml(back)}">${words.onward}</a></p>`}`;
  return `<!doctype html>
<html lang="${words.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${words.title}</title>
<link rel="stylesheet" href="${SESSION_STYLE_PATH}">
</head>
<body>
<main>
<h1>${words.title}</h1>
${alert}${body}
</main>
</body>
</html>
`;
}

export const SIGN_IN_STYLE =
  ':root{color-scheme:light dark;font:1rem/1.5 system-ui,sans-serif}' +
  'main{max-width:24rem;margin:15vh auto;padding:0 1rem}' +
  'label,input,button{display:block;width:100%;box-sizing:border-box;font:inherit}' +
  'input,button{padding:.5rem;margin:.25rem 0 1rem}' +
  '[role=alert]{padding:.5rem;border:1px solid}';

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
