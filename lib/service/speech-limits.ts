import { Annotations, Size } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { DEFAULT_SPEECH_LIMITS, largestBody, MOST_CHARACTERS, SPEECH_ENV } from '../../contract/speech-limits';
import { longestRequestSeconds } from '../gate/gate-bundle';
import { checkInteger } from '../shared/checks';
import { AppImage } from './app-image';
import type { SecureTtsServiceProps } from './secure-tts-service-props';

/**
 * Seconds in which the default engine makes the speech of a Chinese character on 2 vCPU: a quarter of a second of sound
 * at 0.35 of real time (docs/image.md).
 */
const SECONDS_PER_CHARACTER = 0.09;

/** What follows from the longest texts that the image speaks. */
export interface SpeechLimits {
  readonly environment: { readonly [name: string]: string };
  readonly maxTextCharacters: number;
  /** Undefined for somebody else's image of which nothing is known. */
  readonly maxBodySize?: Size;
}

/** @throws Error naming a length that is not allowed, or a body limit that is too small for it. */
export function speechLimits(scope: Construct, props: SecureTtsServiceProps): SpeechLimits {
  const given = { maxTextCharacters: props.maxTextCharacters, maxSpeechCharacters: props.maxSpeechCharacters };
  for (const [name, value] of Object.entries(given)) {
    checkInteger(`SecureTtsService: ${name}`, value, 1, MOST_CHARACTERS);
  }
  const limits = {
    maxTextCharacters: given.maxTextCharacters ?? DEFAULT_SPEECH_LIMITS.maxTextCharacters,
    maxSpeechCharacters: given.maxSpeechCharacters ?? DEFAULT_SPEECH_LIMITS.maxSpeechCharacters,
  };
  const isSaid = given.maxTextCharacters !== undefined || given.maxSpeechCharacters !== undefined;
  if (!isSaid && !AppImage._isBundled(props.image))
    return { environment: {}, ...limits, maxBodySize: props.maxBodySize };
  const needed = largestBody(limits);
  const size = props.maxBodySize?.toBytes() ?? needed;
  if (size < needed) {
    throw new Error(
      `SecureTtsService: maxBodySize must be at least ${needed} bytes for texts of ${Math.max(...Object.values(limits))} characters, got ${size}; raise it, or lower maxSpeechCharacters and maxTextCharacters`,
    );
  }
  if (isSaid) warnOfLongSpeech(scope, props, Math.max(...Object.values(limits)));
  return {
    environment: Object.fromEntries(
      Object.entries(given).flatMap(([name, value]) =>
        value === undefined ? [] : [[SPEECH_ENV[name as keyof typeof given], String(value)]],
      ),
    ),
    ...limits,
    maxBodySize: Size.bytes(size),
  };
}

/** Sound that leaves while it is made is not concerned: only silence counts against `longestRequest`. */
function warnOfLongSpeech(scope: Construct, props: SecureTtsServiceProps, characters: number): void {
  const seconds = Math.ceil(characters * SECONDS_PER_CHARACTER);
  const longest = longestRequestSeconds(props);
  if (seconds <= longest || characters <= DEFAULT_SPEECH_LIMITS.maxSpeechCharacters) return;
  Annotations.of(scope).addWarningV2(
    'voicegate:longSpeech',
    `A WAV of ${characters} characters leaves when it is whole, which takes about ${seconds} s with the default engine on 2 vCPU, but longestRequest is ${longest} s. Raise longestRequest, or have clients ask for mp3, opus, flac or pcm, which leave while they are made.`,
  );
}
