import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/runner/longest-first.mts';

/** Gates in nginx: everything of test/gate but the pure core and the helpers. */
const NGINX = 'test/gate/*.test.ts';

/**
 * Parts of the suite, in the order in which they run: what tells the most in the least time comes first. Without
 * `isolate` a process runs many files: loading what they import for each would be most of the time.
 */
const projects = [
  {
    name: 'unit',
    include: ['test/**/*.test.ts'],
    exclude: [NGINX, 'test/{local,e2e,package}/**'],
    isolate: false,
    // They never wait, and each process loads the CDK for itself: eight seconds.
    maxWorkers: 2,
    // The first synthesis in a process loads most of it: minutes, on a machine that is busy otherwise.
    testTimeout: 120_000,
  },
  { name: 'nginx', include: [NGINX], isolate: false },
  {
    // Where the gate's common way and its steps could differ, once more without the common way.
    name: 'nginx-steps',
    include: ['test/gate/{request-flow,limits,hostile-requests}.test.ts'],
    env: { VOICEGATE_TEST_COMMON_WAY: 'off' },
    isolate: false,
  },
  { name: 'local', include: ['test/local/**/*.test.ts'], isolate: false },
  { name: 'e2e', include: ['test/e2e/**/*.test.ts'] },
  {
    name: 'package',
    include: ['test/package/**/*.test.ts'],
    isolate: false,
    // Programs that compute for up to twenty seconds by themselves; each has a limit of its own, test/package/prepared.ts.
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
];

export default defineConfig({
  // As examples and consumers import the library.
  resolve: { alias: { voicegate: fileURLToPath(new URL('lib/index.ts', import.meta.url)) } },
  test: {
    sequence: { sequencer: LongestFirst },
    // Two cores are the smallest machine we promise. Gates and local clouds mostly wait: four more files fill the gaps.
    maxWorkers: 6,
    // What nobody should wait for; a machine that is busy with other things may take tenfold.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Long enough for a busy machine, and less than the thirty seconds of the gate's longest request: what only that
    // would end is not taken for what is waited for.
    expect: { poll: { timeout: 20_000 } },
    // The CDK's own check of every template is four fifths of a synthesis; the tests that are about it switch it on.
    env: { CDK_VALIDATION: 'false' },
    unstubEnvs: true,
    globalSetup: fileURLToPath(new URL('test/support/bundles.ts', import.meta.url)),
    // What the CDK tells of each synthesis is worth reading where a test failed.
    silent: 'passed-only',
    projects: projects.map((test, order) => ({
      extends: true as const,
      test: { ...test, sequence: { groupOrder: Math.min(order, 1) } },
    })),
    coverage: {
      provider: 'v8',
      include: ['{lib,lambda,contract,bin}/**/*.ts', 'gate/core/**/*.ts'],
      reporter: ['text-summary', 'json-summary'],
    },
  },
});
