import { nginxRunner } from './nginx.js';
import { pythonImageRunner } from './python-image.js';
import type { Runner, RunnerContext } from './runner.js';
import { unsupportedRunner } from './unsupported.js';

export type { Launch, Runner, RunnerContext } from './runner.js';

/** The first that knows the image runs it. */
const RUNNERS: readonly Runner[] = [pythonImageRunner, nginxRunner, unsupportedRunner];

export function runnerFor(image: string, context: RunnerContext): Runner {
  return RUNNERS.find((runner) => runner.handles(image, context)) ?? unsupportedRunner;
}
