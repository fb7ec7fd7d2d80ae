import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take longest while their own size, by which vitest judges in a fresh clone, does not tell it. */
const LONGEST = [
  ...['test/e2e/echo-app', 'test/e2e/default-app', 'test/e2e/examples', 'test/local/start'],
  ...['test/e2e/consumers', 'test/local/tasks/services', 'test/local/tasks/failures'],
];

/**
 * What takes longest begins first, or all else waits for it in the end; then the gates, which mostly wait: beside them
 * there has to be work.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId, project }: TestSpecification) => {
      const found = LONGEST.findIndex((name) => moduleId.includes(name));
      if (found >= 0) return found;
      return project.name.startsWith('nginx') ? LONGEST.length : LONGEST.length + 1;
    };
    const sorted = await super.sort(files);
    const group = ({ project }: TestSpecification) => project.config.sequence.groupOrder;
    return sorted.sort((a, b) => group(a) - group(b) || rank(a) - rank(b));
  }
}
