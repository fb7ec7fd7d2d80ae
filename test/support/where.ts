import { spawnSync } from 'node:child_process';
import { describe, it } from 'vitest';

/**
 * A `describe` about something that may be missing on this machine. Then it is skipped, by name with the reason, and
 * under CI=true, where nothing may be missing, it fails.
 */
export function describeWhere(missing: string | undefined, name: string, body: () => void): void {
  if (missing === undefined) describe(name, body);
  else if (process.env.CI !== 'true') describe.skip(`${name} (skipped: ${missing})`, body);
  else failInCi(name, missing);
}

/** The same of a single test. */
export function itWhere(missing: string | undefined, name: string, body: () => Promise<void>): void {
  if (missing === undefined) it(name, body);
  else if (process.env.CI !== 'true') it.skip(`${name} (skipped: ${missing})`, body);
  else failInCi(name, missing);
}

function failInCi(name: string, missing: string): void {
  it(name, () => {
    throw new Error(`CI needs what is missing here: ${missing}`);
  });
}

export const NO_CURL =
  spawnSync('curl', ['--version']).status === 0 ? undefined : 'no curl is installed, which people speak with';

/** Why the tests of the local cloud cannot run, if its tools could not be had. */
export const NO_TOOLS = 'the tools of the local cloud are missing; npm test installs them';
