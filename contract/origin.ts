/** Origins of web pages, as browsers write them in the `Origin` header. */

const ORIGIN =
  /^https?:\/\/(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*|\[[0-9a-f:.]{2,45}\])(:[1-9]\d{0,4})?$/;
const LONGEST = 253 + 'https://:65535'.length;

/** Whether the text is an origin in the one spelling that browsers send: lower case, and no port that the scheme has anyway. */
export function isOrigin(text: string): boolean {
  const port = ORIGIN.exec(text)?.[1];
  if (!ORIGIN.test(text) || text.length > LONGEST) return false;
  return port !== (text.startsWith('https:') ? ':443' : ':80');
}
