import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../../local/launch/prepare.mjs';
import { Problem } from '../../local/launch/problem.mjs';

/**
 * What a path touches besides the tests that import it: bundles, images, pages and scripts are read as files, which no
 * import tells. Parts are those of `npm test`; tests are folders or files.
 */
const TOUCHES = [
  { path: /\.(ts|mts|mjs|cjs|js|json)$|^biome\.json$/, parts: ['lint'] },
  { path: /\.py$|pyproject\.toml$|\.sh$|^\.ci\/|^\.github\//, parts: ['lint'] },
  { path: /^(gate|contract)\//, parts: ['unit', 'nginx', 'e2e'], tests: ['test/gate', 'test/e2e'] },
  { path: /^lambda\//, parts: ['unit', 'e2e'], tests: ['test/lambda', 'test/e2e'] },
  { path: /^lib\//, parts: ['unit', 'package', 'e2e'], tests: ['test/docs', 'test/package', 'test/e2e'] },
  { path: /^bin\//, parts: ['unit', 'e2e'], tests: ['test/bin', 'test/docs', 'test/e2e'] },
  { path: /^local\//, parts: ['local', 'e2e'], tests: ['test/local', 'test/e2e'] },
  { path: /^image\//, parts: ['python', 'e2e'], tests: ['test/e2e'] },
  {
    path: /^examples\//,
    parts: ['unit', 'package', 'e2e'],
    tests: ['test/lib/examples', 'test/package', 'test/e2e/examples'],
  },
  { path: /\.md$/, parts: ['unit'], tests: ['test/docs', 'test/bin/voicegate-docs', 'test/lib/compliance'] },
  { path: /^API\.md$/, parts: ['package'], tests: ['test/package/api'] },
];
/** What every test stands on. */
const ALL =
  /^((local\/)?package(-lock)?\.json|vitest\.config\.mts|tsconfig\.json|build\.mjs|cdk\.json|test\/(run\.mjs|runner\/.*|support\/bundles\.ts))$/;

/**
 * The parts and test files that a change touches; `files` undefined: all.
 *
 * @param {string} commit
 * @param {readonly string[]} changed what has changed since, by `changedPaths`
 */
export function changedTests(commit, changed) {
  if (changed.some((path) => ALL.test(path))) return { parts: { has: () => true }, files: [] };
  const touched = TOUCHES.filter(({ path }) => changed.some((name) => path.test(name)));
  const parts = new Set(touched.flatMap((entry) => entry.parts));
  const files = new Set([...touched.flatMap(({ tests = [] }) => tests), ...importing(commit)]);
  for (const name of files) parts.add(partOf(name));
  return { parts, files: [...files] };
}

/** The files that differ from a commit, those that git does not know yet among them. */
export function changedPaths(commit) {
  try {
    const git = (...args) =>
      execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: 'pipe' }).split('\n').filter(Boolean);
    return [...git('diff', '--name-only', commit, '--'), ...git('ls-files', '--others', '--exclude-standard')];
  } catch {
    throw new Problem(`--changed needs a commit that git knows, got "${commit}".`, 2);
  }
}

/** The test files that import what was changed, by vitest's own graph. */
function importing(commit) {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const args = [vitest, 'list', '--filesOnly', '--json', `--changed=${commit}`, '--passWithNoTests'];
  const found = JSON.parse(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' }) || '[]');
  return found.map(({ file }) => file.slice(root.length));
}

function partOf(name) {
  const [, part] = /^test\/(local|e2e|package)(?:\/|$)/.exec(name) ?? [];
  return part ?? (/^test\/gate\/[^/]+\.test\.ts$/.test(name) ? 'nginx' : 'unit');
}
