import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { GateBundle, GateOptions } from '../../../contract/gate-options';
import { GATE_ENV } from '../../../contract/names';
import { buildGate, gateOptions } from '../../../test/gate/support/bundle';
import { freePorts, run, startServer } from '../processes';
import type { Running, Stack } from '../stack';
import type { World } from '../world';

let bundle: Promise<GateBundle> | undefined;
let count = 0;

/** The gate as its two containers run it; it asks the authorizer by signed calls over verified TLS. */
export async function startGate(
  world: World,
  changes: Parameters<typeof gateOptions>[0] = {},
  functionName = 'authorizer',
): Promise<Running> {
  bundle ??= buildGate();
  const pack = (await bundle).packGate(benchOptions(changes));
  const directory = join(world.directory, `gate${count++}`);
  mkdirSync(directory, { recursive: true });
  const [port = 0, healthPort = 0] = await freePorts(2);
  const env = {
    PATH: `${dirname(world.nginx.nginx)}:/usr/sbin:/usr/bin:/sbin:/bin`,
    [GATE_ENV.directory]: directory,
    [GATE_ENV.modules]: world.nginx.nginxModules,
    [GATE_ENV.listen]: `127.0.0.1:${port}`,
    [GATE_ENV.healthListen]: `127.0.0.1:${healthPort}`,
    [GATE_ENV.upstream]: `127.0.0.1:${world.appPort}`,
    AWS_CA_BUNDLE: world.authorityFile,
  };
  const [init = '', ...initArgs] = pack.initCommand;
  await run(init, initArgs, { env: { ...env, [GATE_ENV.bundle]: pack.bundle }, timeout: 30_000 });
  const [command = '', ...args] = pack.command;
  const started = await startServer({
    command,
    args,
    env: {
      ...env,
      [GATE_ENV.authorizer]: `arn:aws:lambda:eu-west-1:123456789012:function:${functionName}:live`,
      AWS_REGION: 'eu-west-1',
      AWS_ENDPOINT_URL_LAMBDA: world.secureAuthorizer,
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'an-example-of-a-secret-access-key',
    },
    ports: [port, healthPort],
  });
  return { ...started, url: `http://127.0.0.1:${port}` };
}

/** Every protection is on; limits are so high that they do not refuse. */
function benchOptions(changes: Parameters<typeof gateOptions>[0]): GateOptions {
  const { limits, publicRoutes = [], ...rest } = changes ?? {};
  return gateOptions({
    publicRoutes,
    ...rest,
    limits: { requestsPerMinute: 1_000_000, invocations: 64, inFlight: 256, queue: 256, ...limits },
  });
}

export const gateStack: Stack = {
  name: 'Voicegate gate',
  setup: 'decision cached by SHA-256, constraints, token bucket, places in flight, target and header checks',
  start: (world) => startGate(world),
};

export const keptGateStack: Stack = {
  name: 'Voicegate gate, connections to the app kept',
  setup: 'as above with `appKeepAlive`',
  start: (world) => startGate(world, { appKeepAlive: 60 }),
};
