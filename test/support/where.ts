import { describe, it } from 'vitest';

/**
 * A `describe` about something that may be missing on this machine. Then it is skipped, by name with the reason, and
 * under CI=true, where nothing may be missing, it fails.
 */
export function describeWhere(missing: string | undefined, name: string, body: () => void): void {
  if (missing === undefined) describe(name, body);
  else if (process.env.CI !== 'true') describe.skip(`${name} (skipped: ${missing})`, body);
  else {
    it(name, () => {
      throw new Error(`CI needs what is missing here: ${missing}`);
    });
  }
}

/** Why the tests of the local cloud cannot run, if its tools could not be had. */
export const NO_TOOLS = 'the tools of the local cloud are missing; npm test installs them';
