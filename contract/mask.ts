/**
 * What no log line may hold: whatever could be a key, since people paste keys anywhere. The same rule stands in Python
 * in the image and in `sed` before nginx's error log; `test/contract/mask-vectors.json` holds all three to it.
 */

/**
 * Letters and digits in a row, from which on they are masked. The secret and checksum of a key are 49; of one that was
 * cut to fewer than this, more than 100 bits stay unknown. A load balancer's trace id has 24.
 */
export const MASKED_LENGTH = 25;
export const MASK = '***';

/** A letter or digit, plain or percent-encoded any number of times. */
const UNIT = '(?:[0-9A-Za-z]|%(?:25)*(?:3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa]))';
const SEPARATOR = '(?:[_-]|%(?:25)*(?:5[Ff]|2[Dd]))';
const RUN = new RegExp(`${UNIT}+`, 'g');
const WHOLE_KEY = new RegExp(`(${UNIT}{12}${SEPARATOR})${UNIT}{${MASKED_LENGTH},}`, 'g');
const ENCODED = /%(?:25)*[3-7][0-9A-Fa-f]/g;

/**
 * The text without what could be a key's secret, however it is spelled: in any case, with any prefix and separators,
 * percent-encoded once or more often, whole or with a part missing. Key ids, which are public, stay.
 */
export function maskKeys(text: string): string {
  return text.length < MASKED_LENGTH ? text : text.replace(RUN, maskRun);
}

/** The same where the names of resources, which may be as long, must stay readable: only behind a key's id. */
export function maskWholeKeys(text: string): string {
  return text.length < MASKED_LENGTH ? text : text.replace(WHOLE_KEY, `$1${MASK}`);
}

function maskRun(run: string): string {
  const length = run.includes('%') ? run.replace(ENCODED, 'x').length : run.length;
  return length < MASKED_LENGTH ? run : MASK;
}
