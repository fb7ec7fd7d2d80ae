/** What texts may be like, where the gate is told so. */

import type { GateOptions } from '../../../contract/gate-options';
import { textField } from '../../../contract/names';
import { type Refusal, refuseSaying } from '../answer/refusal';
import type { Metered } from './metering';

/** All of Unicode's category Cc but tab, line feed and carriage return. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const CONTROL = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/;

/** Undefined: the text is as it should be. `metered`: absent where the request asks for no speech. */
export function brokenRule(
  rules: GateOptions['textRules'],
  metered: Metered | undefined,
  path: string,
): Refusal | undefined {
  if (rules === undefined || metered === undefined) return undefined;
  if (metered.kind === 'refused') {
    return rules.refusesUnreadable ? refuseSaying(metered.status, 'unreadable', metered.problem) : undefined;
  }
  const field = textField(path);
  const { characters, text } = metered;
  const most = rules.maxCharacters?.[field];
  if (most !== undefined && characters > most) {
    return refuseSaying(
      400,
      'text_too_long',
      `has ${characters} characters in ${field}, at most ${most} are allowed; send it in parts`,
    );
  }
  return rules.refusesControl && CONTROL.test(text)
    ? refuseSaying(
        400,
        'invalid_text',
        `has a control character in ${field}, other than tab and line break; leave it out`,
      )
    : undefined;
}
