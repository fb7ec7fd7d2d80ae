/** Something that the person who starts can put right: its message is one sentence that says how, shown without a stack. */
export class Problem extends Error {
  /** @param {string} message @param {number} [exitCode] */
  constructor(message, exitCode = 1) {
    super(message);
    this.name = 'Problem';
    this.exitCode = exitCode;
  }
}

/** By its name: TypeScript files get a copy of this module of their own. */
export function isProblem(error) {
  return error instanceof Error && error.name === 'Problem';
}
