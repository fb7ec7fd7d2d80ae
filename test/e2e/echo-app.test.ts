import { afterAll, beforeAll, describe } from 'vitest';
import { type EchoApp, startEchoApp } from './echo-app/echo-app';
import { describeKeys } from './echo-app/keys';
import { describeProtection } from './echo-app/protection';

// One cloud for all of them, since to start one takes twenty seconds of CPU. Limits count client addresses, so whatever
// spends them calls from a loopback address of its own.
describe('the deployed system in front of an app that tells what reached it', () => {
  let app: EchoApp;

  beforeAll(async () => {
    app = await startEchoApp();
  }, 300_000);

  afterAll(() => app?.stop());

  describeKeys(() => app);
  // Last: it breaks the authorizer, and kills the app.
  describeProtection(() => app.cloud);
});
