import { UsageError } from '../command-error';

const LABEL = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
const NAME = new RegExp(`^(\\*\\.)?(${LABEL}\\.)+${LABEL}$`);
/** ACM's quota, unless it was raised. */
const MOST = 10;

/** @throws UsageError naming what was given and what is allowed. */
export function readDomainNames(given: readonly string[]): string[] {
  const names = [...new Set(given.map((name) => name.toLowerCase().replace(/\.$/, '')))];
  const wrong = names.find((name) => !NAME.test(name) || name.length > 253);
  if (wrong !== undefined) {
    throw new UsageError(`"${wrong}" is no domain name; give names such as tts.example.com or *.example.com`);
  }
  const first = names[0] ?? '';
  if (first.length > 64) {
    throw new UsageError(
      `"${first}" has ${first.length} characters; ACM takes at most 64 for the first name, so give a shorter one first`,
    );
  }
  if (names.length > MOST) throw new UsageError(`ACM takes ${MOST} names at most, got ${names.length}`);
  return names;
}
