import type { GateOptions } from '../../contract/gate-options';
import { GATE_RANGES } from '../../contract/gate-ranges';
import { checkRange } from '../shared/checks';
import { checkKinds } from '../shared/kinds';

/** What becomes of control characters in a text, other than tab and line break. */
export enum ControlCharacters {
  /** They are left to the app. */
  PASS = 'pass',
  /** The request is refused with 400. */
  REFUSE = 'refuse',
}

/**
 * What texts on the synthesis paths may be like. The gate reads them where it counts them anyway: in `text`, and in
 * `input` on OpenAI's paths; of a query, of JSON, or of a form. A request whose text it cannot read is refused, too.
 */
export interface TextRules {
  /**
   * Characters (Unicode code points) of the longest text, from 1 to 100,000; longer ones are refused with 400. A body also
   * has to fit into `maxBodySize`: a character takes up to 12 bytes of it.
   * @default - any length that `maxBodySize` allows
   */
  readonly maxCharacters?: number;
  /**
   * The same on OpenAI's paths, whose texts are longer.
   * @default - maxCharacters
   */
  readonly maxSpeechCharacters?: number;
  /**
   * Control characters other than tab and line break.
   * @default ControlCharacters.PASS
   */
  readonly controlCharacters?: ControlCharacters;
  /**
   * The app has the same rules: what the gate cannot read is left to it, which tells better what is wrong.
   * @internal
   */
  readonly _sharedWithApp?: boolean;
}

/** What the gate is told. @throws Error naming a wrong member. */
export function gateTextRules(rules: TextRules): NonNullable<GateOptions['textRules']> {
  checkKinds('textRules', rules, {
    maxCharacters: 'number',
    maxSpeechCharacters: 'number',
    controlCharacters: 'text',
  });
  const { maxCharacters, maxSpeechCharacters, controlCharacters = ControlCharacters.PASS } = rules;
  checkRange('textRules: maxCharacters', maxCharacters, GATE_RANGES.maxCharacters);
  checkRange('textRules: maxSpeechCharacters', maxSpeechCharacters, GATE_RANGES.maxCharacters);
  if (maxSpeechCharacters !== undefined && maxCharacters === undefined) {
    throw new Error('textRules: maxSpeechCharacters is an exception from maxCharacters; give that one, too');
  }
  const allowed = Object.values(ControlCharacters);
  if (!allowed.includes(controlCharacters)) {
    throw new Error(`textRules: controlCharacters must be ${allowed.join(' or ')}, got "${controlCharacters}"`);
  }
  if (maxCharacters === undefined && controlCharacters === ControlCharacters.PASS) {
    throw new Error('textRules must hold maxCharacters or ControlCharacters.REFUSE; leave it out for none');
  }
  return {
    ...(maxCharacters !== undefined && {
      maxCharacters: { text: maxCharacters, input: maxSpeechCharacters ?? maxCharacters },
    }),
    refusesControl: controlCharacters === ControlCharacters.REFUSE,
    refusesUnreadable: rules._sharedWithApp !== true,
  };
}
