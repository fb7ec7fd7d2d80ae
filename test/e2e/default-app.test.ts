import { afterAll, beforeAll, describe } from 'vitest';
import { CONTEXT } from './default-app/context';
import { describePage } from './default-app/page';
import { describeSession } from './default-app/session';
import { describeSpeech } from './default-app/speech';
import { describeUpdate } from './default-app/update';
import { LocalCloud } from './support/local-cloud';

// One cloud for all of them, since to start one takes twenty seconds of CPU; each has keys of its own.
describe('the default app in the local cloud', () => {
  let cloud: LocalCloud;

  beforeAll(async () => {
    cloud = await LocalCloud.start(CONTEXT);
  }, 300_000);

  afterAll(() => cloud?.stop());

  describeSpeech(() => cloud);
  describePage(() => cloud);
  describeSession(() => cloud);
  // Last: it replaces the task.
  describeUpdate(() => cloud);
});
