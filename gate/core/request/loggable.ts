/** What of a request a log may hold. */

const LONGEST_PATH = 1024;
const LONGEST_TRACE = 200;
const TRACE = /^[A-Za-z0-9=;:.-]*$/;

/** The path, cut to a sane length, with whatever looks like a key's secret taken out: people paste keys anywhere. */
export function loggablePath(rawPath: string, keyPrefix: string): string {
  const path = rawPath.length > LONGEST_PATH ? rawPath.slice(0, LONGEST_PATH) : rawPath;
  if (!path.includes(keyPrefix)) return path;
  return path.replace(new RegExp(`(${keyPrefix}(?:_|%5f)[0-9A-Za-z]{0,12})(?:_|%5f)[0-9A-Za-z%]*`, 'gi'), '$1_***');
}

/** The load balancer's trace id, or nothing when the header holds anything else. */
export function loggableTrace(header: string): string {
  return header.length <= LONGEST_TRACE && TRACE.test(header) ? header : '';
}
