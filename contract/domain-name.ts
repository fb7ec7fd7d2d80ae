/** Domain names as users write them, for the construct and for the app's settings. */

const DOMAIN = /^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;
const LONGEST = 253;

/**
 * A domain name in lower case and without the final dot; undefined: it is none, but perhaps a URL, or a name with a port
 * or a path.
 */
export function normalizeDomainName(text: string): string | undefined {
  const name = text.toLowerCase().replace(/\.$/, '');
  return name.length <= LONGEST && DOMAIN.test(name) ? name : undefined;
}
