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

/**
 * Says that the disk is full, if that is why: the error's own code, or what a program that was run has written.
 * @returns {string | undefined}
 */
export function diskFull(error) {
  for (let one = error; one instanceof Error; one = one.cause) {
    if (one.code !== 'ENOSPC' && !/ENOSPC|No space left on device/.test(one.message)) continue;
    const where = one.path === undefined ? '' : ` at ${one.path}`;
    return `The disk is full: nothing more could be written${where}. Free some space, or name a folder on another disk with --state-dir, and start again.`;
  }
  return undefined;
}
