import type { Instruction } from './instructions.js';

/** What a Dockerfile does to the image, in order. Paths are those inside the container. */
export type Step =
  | {
      readonly kind: 'copy';
      /** Relative to the build context; may hold wildcards. */
      readonly sources: readonly string[];
      readonly target: string;
      /** Whether the target is a directory whatever the sources are. */
      readonly intoDirectory: boolean;
      readonly place: Place;
    }
  | { readonly kind: 'write'; readonly path: string; readonly content: string }
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'pip'; readonly args: readonly string[]; readonly directory: string; readonly place: Place }
  | { readonly kind: 'packages'; readonly names: readonly string[]; readonly place: Place };

/** Where a step stands, for messages. */
export interface Place {
  /** `image/Dockerfile`. */
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

const LONGEST = 80;

export function placeOf(file: string, { line, name, rest }: Instruction): Place {
  const text = `${name} ${rest}`.trim();
  return { file, line, text: text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text };
}

/** A container that this machine cannot run as it is: trying again would not help. */
export class CannotRun extends Error {}

/** `why` names what is not possible and what to do instead. */
export function cannot({ file, line, text }: Place, why: string): CannotRun {
  return new CannotRun(`${file}, line ${line}: "${text}" cannot be done without Docker: ${why}`);
}
