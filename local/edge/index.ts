import type { Socket } from 'node:net';
import type { Edge, EdgeOptions } from '../contracts.js';
import { edgeClients } from './clients.js';
import { type Exchange, exchangeOf, upgradeExchangeOf } from './exchange.js';
import { TargetConnections } from './forward.js';
import { listenOnLoopback } from './loopback-port.js';
import type { EdgeModel } from './model.js';
import { notEmulatedBy } from './not-emulated.js';
import { protocols } from './protocols.js';
import { readDeployment } from './read-deployment.js';
import { repeat } from './repeat.js';
import { serve } from './serve.js';
import { ShownCertificates } from './shown-certificates.js';
import { tlsVersions } from './ssl-policy.js';
import { Targets } from './targets.js';
import { Firewall } from './waf/firewall.js';

/** Milliseconds between the end of one reading of AWS, of fourteen calls and more, and the next. */
const REFRESH = 5_000;

/**
 * Serves the application load balancers of the stacks on loopback: listeners, rules, web ACLs and targets as AWS
 * describes them, read again every five seconds and where somebody asks for it.
 * @throws Error if the stacks have no load balancer, AWS does not answer, or a port is taken
 */
export async function startEdge(options: EdgeOptions): Promise<Edge> {
  const clients = edgeClients(options.aws);
  const stopping: (() => void | Promise<void>)[] = [() => clients.destroy()];
  const stop = once(async () => {
    for (const step of stopping.reverse()) await step();
  });
  try {
    const read = () => readDeployment(clients, options.stackNames);
    let deployment = await read();
    if (deployment.loadBalancers.length === 0) {
      throw new Error(
        `No application load balancer is deployed by ${options.stackNames.join(', ')}: deploy the stack, or name one that has a load balancer.`,
      );
    }
    const firewall = new Firewall(options.wafDelay);
    const targets = new Targets();
    const connections = new TargetConnections();
    stopping.push(() => connections.close());
    stopping.push(() => targets.stop());
    const tls = await ShownCertificates.create(options);

    const ports = new Map<number, number>();
    const serving = () => ({
      deployment,
      targets,
      firewall,
      connections,
      functions: clients.lambda,
      ports,
      onRequest: options.onRequest,
    });
    const handle = (open: () => Exchange, port: number, giveUp: () => void) => {
      try {
        void serve(serving(), open(), port);
      } catch {
        // The client went away while its request was read.
        giveUp();
      }
    };
    const speak = (port: number) =>
      protocols({
        onRequest: (req, res) =>
          handle(
            () => exchangeOf(req, res),
            port,
            () => req.destroy(),
          ),
        onUpgrade: (req, socket, head) =>
          handle(
            () => upgradeExchangeOf(req, socket, head),
            port,
            () => socket.destroy(),
          ),
        onMalformed: (client) =>
          options.onRequest({
            time: new Date(),
            client,
            method: '-',
            path: '-',
            status: 400,
            why: 'http-error',
            milliseconds: 0,
          }),
        idleTimeout: () => idleSeconds(deployment) * 1000,
        secureContext: (name) => tls.contextFor(name),
        http2: () => deployment.loadBalancers[0]?.attributes.get('routing.http2.enabled') !== 'false',
      });
    const plain = speak(80);
    const secure = speak(443);
    const use = async (read: EdgeModel) => {
      deployment = read;
      firewall.update(read);
      targets.update(read);
      connections.useIdleTimeout(idleSeconds(read));
      await tls.update(read);
      const listener = read.loadBalancers[0]?.listeners.find((one) => one.port === 443);
      const { min, max } = tlsVersions(listener?.sslPolicy);
      const { certificate, key } = tls.machine;
      secure.setTls({ cert: certificate, key, minVersion: min, maxVersion: max });
    };
    await use(deployment);

    const listen = async (deployedPort: number, port: number, accept: (socket: Socket) => void) => {
      const listening = await listenOnLoopback(port, accept);
      stopping.push(() => listening.close());
      ports.set(deployedPort, listening.port);
      return listening.port;
    };
    const httpPort = await listen(80, options.httpPort, (socket) => plain.accept(socket));
    const httpsPort = await listen(443, options.httpsPort, (socket) => secure.acceptTls(socket));
    const reading = repeat(async () => use(await read()), REFRESH);
    stopping.push(reading.stop);

    return {
      http: `http://localhost:${httpPort}`,
      https: `https://localhost:${httpsPort}`,
      ca: tls.trustFile,
      get notEmulated() {
        return [
          ...(httpsPort === 443 ? [] : [`Redirects to port 443 of the called host lead to port ${httpsPort} here.`]),
          ...notEmulatedBy(deployment, tls.isShown),
          ...firewall.notEmulated(),
        ];
      },
      targetHealth: () => targets.health(),
      refresh: reading.atOnce,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function idleSeconds({ loadBalancers }: EdgeModel): number {
  return Number(loadBalancers[0]?.attributes.get('idle_timeout.timeout_seconds') ?? 60);
}

function once(step: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= step();
    return done;
  };
}
