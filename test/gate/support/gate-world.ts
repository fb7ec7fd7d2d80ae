import { afterAll, beforeAll, beforeEach, onTestFinished } from 'vitest';
import type { GateBundle, GateOptions, GatePackage } from '../../../contract/gate-options';
import { App } from './app';
import { buildGate, type GateChanges, gateOptions } from './bundle';
import { GateContainers, type GateSetup, startGate } from './gate';
import { type Behaviour, LambdaEndpoint } from './lambda-endpoint';

/** What a gate stands in front of. */
export interface AppBehindGate {
  /** From when it listens. */
  readonly port: number;
  listen(): Promise<void>;
  stop(): Promise<void>;
}

export interface GateWorld<A extends AppBehindGate> {
  readonly app: A;
  readonly lambda: LambdaEndpoint;
  packGate(options: GateOptions): GatePackage;
  /** A healthy gate for all tests here: called before them, it ends after them. */
  startGate(changes?: GateChanges, setup?: Partial<GateSetup>): Promise<GateContainers>;
  /** A healthy gate for the test that calls: it ends with it. */
  gateForTest(changes?: GateChanges, setup?: Partial<GateSetup>): Promise<GateContainers>;
  /** The containers of a gate for the test that calls, which starts them itself; they end with it. */
  containersForTest(changes?: GateChanges, setup?: Partial<GateSetup>): GateContainers;
}

/** Of this test file: vitest loads modules anew for each. */
let built: Promise<GateBundle> | undefined;

/**
 * All that gates in front of `app` need, for the tests of the file or `describe` that calls: the app and Lambda's
 * endpoint listen before the first of them and end after the last.
 */
export function gateInFrontOf<A extends AppBehindGate>(app: A, authorizer?: Behaviour): GateWorld<A> {
  const lambda = new LambdaEndpoint();
  const gates: GateContainers[] = [];
  let bundle: GateBundle | undefined;

  beforeAll(async () => {
    lambda.reset(authorizer);
    built ??= buildGate();
    [bundle] = await Promise.all([built, app.listen(), lambda.listen()]);
  });

  afterAll(async () => {
    await Promise.all(gates.map((gate) => gate.stop()));
    await Promise.all([app.stop(), lambda.stop()]);
  });

  const packGate = (options: GateOptions) => {
    if (bundle === undefined) throw new Error('the gate is built before the first test, not while tests are collected');
    return bundle.packGate(options);
  };
  const setupWith = (setup: Partial<GateSetup>) => ({ upstreamPort: app.port, lambdaUrl: lambda.url, ...setup });
  const start = (changes?: GateChanges, setup: Partial<GateSetup> = {}) =>
    startGate(packGate, gateOptions(changes), setupWith(setup));

  return {
    app,
    lambda,
    packGate,
    async startGate(changes, setup) {
      const gate = await start(changes, setup);
      gates.push(gate);
      return gate;
    },
    async gateForTest(changes, setup) {
      const gate = await start(changes, setup);
      onTestFinished(() => gate.stop());
      return gate;
    },
    containersForTest(changes, setup = {}) {
      const containers = new GateContainers(packGate(gateOptions(changes)), setupWith(setup));
      onTestFinished(() => containers.stop());
      return containers;
    },
  };
}

export interface ReportingWorld extends GateWorld<App> {
  /** The app is gone until the test that calls lets it listen again, or has ended. */
  stopAppForTest(): Promise<void>;
}

/** The same with an app that reports what it received; it and Lambda's endpoint are as new before each test. */
export function gateWorld(authorizer?: Behaviour): ReportingWorld {
  const world = gateInFrontOf(new App(), authorizer);
  beforeEach(() => {
    world.app.reset();
    world.lambda.reset(authorizer);
  });
  const stopAppForTest = async () => {
    onTestFinished(() => world.app.listen());
    await world.app.stop();
  };
  return { ...world, stopAppForTest };
}
