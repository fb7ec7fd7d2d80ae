import { CannotRun } from './image/step.js';
import type { Runner } from './runner.js';

/** Everything else: a sentence that says what can be run instead. */
export const unsupportedRunner: Runner = {
  handles: () => true,
  prepare: async (container) => {
    throw new CannotRun(
      `container ${container.name}: the image ${container.image} cannot be run locally, since no registry is asked and ` +
        'no Docker is used. What can: a folder with a Dockerfile on an official Python image (`-c image=<folder>`), ' +
        'and stock nginx',
    );
  },
};
