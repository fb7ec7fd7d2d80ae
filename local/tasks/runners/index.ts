import { pythonImageRunner } from './image/python-image.js';
import { nginxRunner } from './nginx.js';
import type { Runner, RunnerContext } from './runner.js';
import { unsupportedRunner } from './unsupported.js';

export { CannotRun } from './image/step.js';
export type { Launch, Runner, RunnerContext } from './runner.js';

/** The first that knows the image runs it. */
const RUNNERS: readonly Runner[] = [pythonImageRunner, nginxRunner, unsupportedRunner];

export function runnerFor(image: string, context: RunnerContext): Runner {
  return RUNNERS.find((runner) => runner.handles(image, context)) ?? unsupportedRunner;
}
