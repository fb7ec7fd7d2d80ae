/**
 * Whether text matches a pattern of a load balancer or of COPY: `*` is any characters, `?` exactly one, and a backslash takes
 * the meaning off the character after it. Time grows with pattern times text, whatever the pattern.
 */
export function matchesWildcard(pattern: string, text: string): boolean {
  const tokens = tokenize(pattern);
  let token = 0;
  let at = 0;
  let star = -1;
  let retryAt = 0;
  while (at < text.length) {
    const wanted = tokens[token];
    if (wanted === ANY) {
      star = token++;
      retryAt = at;
    } else if (wanted !== undefined && (wanted === ONE || wanted === text[at])) {
      token++;
      at++;
    } else if (star >= 0) {
      // Let the last star swallow one character more and try again from there.
      token = star + 1;
      at = ++retryAt;
    } else {
      return false;
    }
  }
  while (tokens[token] === ANY) token++;
  return token === tokens.length;
}

const ANY = Symbol('*');
const ONE = Symbol('?');

function tokenize(pattern: string): readonly (string | symbol)[] {
  const tokens: (string | symbol)[] = [];
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern.charAt(i);
    if (character === '*') tokens.push(ANY);
    else if (character === '?') tokens.push(ONE);
    else if (character === '\\' && i + 1 < pattern.length) tokens.push(pattern.charAt(++i));
    else tokens.push(character);
  }
  return tokens;
}
