import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { buildBundles } from '../../local/launch/prepare.mjs';

const TEMPORARY = 'voicegate-test-';

/**
 * Vitest's set-up of the whole run: tests use the bundles of `dist/`, which are what ships, and these are of the code
 * as it stands; what they put aside goes with the run. `npm test` has seen to both before.
 */
export default async function setUp(project: TestProject): Promise<(() => void) | undefined> {
  if (process.env.VOICEGATE_TEST_BUNDLES !== 'built') await buildBundles();
  // Each project sets up; the workers know by it too.
  process.env.VOICEGATE_TEST_BUNDLES = 'built';
  project.onTestsRerun(buildBundles);
  if (basename(tmpdir()).startsWith(TEMPORARY)) return undefined;
  const directory = mkdtempSync(join(tmpdir(), TEMPORARY));
  // Some of it is for servers that run as another user.
  chmodSync(directory, 0o711);
  process.env.TMPDIR = directory;
  return () => rmSync(directory, { recursive: true, force: true });
}
