/** What a step of a visit is. */

import type { Refusal } from '../answer/refusal';
import type { Visit } from './visit';

/** The body is needed: the request goes on where it may be read. */
export const DIVERT = { kind: 'divert' } as const;
/** Undefined: go on, or at the end pass. */
export type Answer = Refusal | typeof DIVERT | undefined;
export type Step = (visit: Visit) => Answer | Promise<Answer>;
