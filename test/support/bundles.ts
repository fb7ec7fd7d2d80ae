import type { TestProject } from 'vitest/node';
import { buildBundles } from '../../local/launch/prepare.mjs';

/**
 * Vitest's set-up of the whole run: tests use the bundles of `dist/`, which are what ships, and these are of the code
 * as it stands. `npm test` has built them before, as its first step.
 */
export default async function setUp(project: TestProject): Promise<void> {
  if (process.env.VOICEGATE_TEST_BUNDLES !== 'built') await buildBundles();
  // Each project sets up; the workers know by it too.
  process.env.VOICEGATE_TEST_BUNDLES = 'built';
  project.onTestsRerun(buildBundles);
}
