import { Size } from 'aws-cdk-lib';
import { CHARACTERS_RANGE, DEFAULT_SPEECH_LIMITS, largestBody, SPEECH_ENV } from '../../contract/speech-limits';
import { longestRequestSeconds } from '../gate/gate-bundle';
import type { TextRules } from '../gate/text-rules';
import { checkRange } from '../shared/checks';
import { AppImage } from './app-image';
import type { SecureTtsServiceProps } from './secure-tts-service-props';

/**
 * Of `longestRequest`, how long the image waits for a file that should leave as a whole. After that it leaves while it is
 * made: the rest is for the piece that is being made then.
 */
const WHOLE_SHARE = 0.75;

/** What follows from the longest texts that the image speaks. */
export interface SpeechLimits {
  readonly environment: { readonly [name: string]: string };
  readonly maxTextCharacters: number;
  /** Undefined for somebody else's image of which nothing is known. */
  readonly maxBodySize?: Size;
  readonly textRules?: TextRules;
}

/** @throws Error naming a length that is not allowed, or a body limit that is too small for it. */
export function speechLimits(props: SecureTtsServiceProps): SpeechLimits {
  const given = { maxTextCharacters: props.maxTextCharacters, maxSpeechCharacters: props.maxSpeechCharacters };
  for (const [name, value] of Object.entries(given)) {
    checkRange(`SecureTtsService: ${name}`, value, CHARACTERS_RANGE);
  }
  const limits = {
    maxTextCharacters: given.maxTextCharacters ?? DEFAULT_SPEECH_LIMITS.maxTextCharacters,
    maxSpeechCharacters: given.maxSpeechCharacters ?? DEFAULT_SPEECH_LIMITS.maxSpeechCharacters,
  };
  const isSaid = given.maxTextCharacters !== undefined || given.maxSpeechCharacters !== undefined;
  if (!isSaid && !AppImage._isBundled(props.image))
    return { environment: {}, ...limits, maxBodySize: props.maxBodySize, textRules: props.textRules };
  const needed = largestBody(limits);
  const size = props.maxBodySize?.toBytes() ?? needed;
  if (size < needed) {
    throw new Error(
      `SecureTtsService: maxBodySize must be at least ${needed} bytes for texts of ${Math.max(...Object.values(limits))} characters, got ${size}; raise it, or lower maxSpeechCharacters and maxTextCharacters`,
    );
  }
  return {
    environment: {
      ...Object.fromEntries(
        Object.entries(given).flatMap(([name, value]) =>
          value === undefined ? [] : [[SPEECH_ENV[name as keyof typeof given], String(value)]],
        ),
      ),
      [SPEECH_ENV.wholeSeconds]: String(Math.floor(WHOLE_SHARE * longestRequestSeconds(props))),
    },
    ...limits,
    maxBodySize: Size.bytes(size),
    textRules: props.textRules ?? textRulesOf(props, limits),
  };
}

/** Control characters are left to the bundled image: it takes them out, so that a text with them is spoken. */
function textRulesOf(
  { image, environment = {} }: SecureTtsServiceProps,
  limits: Pick<SpeechLimits, 'maxTextCharacters'> & { readonly maxSpeechCharacters: number },
): TextRules | undefined {
  // What the environment tells the image is not known to be a number here.
  const isTold = [SPEECH_ENV.maxTextCharacters, SPEECH_ENV.maxSpeechCharacters].some((name) => name in environment);
  if (isTold || !AppImage._isBundled(image)) return undefined;
  const { maxTextCharacters: maxCharacters, maxSpeechCharacters } = limits;
  return { maxCharacters, maxSpeechCharacters, _sharedWithApp: true };
}
