/** How much text the bundled image speaks at once, and what follows from that for all that stands in front of it. */

import { range } from './range';

/** Environment of the image. */
export const SPEECH_ENV = {
  maxTextCharacters: 'TTS_MAX_TEXT_CHARACTERS',
  maxSpeechCharacters: 'TTS_MAX_SPEECH_CHARACTERS',
  strictNames: 'TTS_STRICT_NAMES',
  wholeSeconds: 'TTS_WHOLE_SECONDS',
} as const;

/** Characters of the longest text on `/tts`, and on OpenAI's route, unless told otherwise. */
export const DEFAULT_SPEECH_LIMITS = { maxTextCharacters: 500, maxSpeechCharacters: 4096 } as const;

/** What either of them may be. */
export const CHARACTERS_RANGE = range(1, 100_000, 'characters');

/**
 * What a character takes at most: four bytes, each three when it is percent-encoded; and as many when JSON escapes it as
 * two halves of a surrogate pair.
 */
export const BYTES_PER_CHARACTER = 12;

/** For the other fields beside the text. */
const OTHER_FIELDS = 16 * 1024;

/** Bytes of the largest body that the image takes. */
export function largestBody(limits: { readonly [name in keyof typeof DEFAULT_SPEECH_LIMITS]: number }): number {
  return OTHER_FIELDS + BYTES_PER_CHARACTER * Math.max(limits.maxTextCharacters, limits.maxSpeechCharacters);
}
