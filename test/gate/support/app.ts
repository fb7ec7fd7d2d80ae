import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly method: string;
  readonly url: string;
  /** As they came: name, value, name, value. */
  readonly rawHeaders: readonly string[];
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** An app that reports, as JSON, what it received; a test may put its own handler before that. */
export class App {
  readonly received: Received[] = [];
  /** The most requests that were in the app at once. */
  mostInFlight = 0;
  private inFlight = 0;
  handler: ((received: Received, response: ServerResponse) => boolean | Promise<boolean>) | undefined;
  /** From when it first listens; after a stop it listens on the same again. */
  port = 0;
  private server: Server = this.create();

  static async start(): Promise<App> {
    const app = new App();
    await app.listen();
    return app;
  }

  reset(): void {
    this.received.length = 0;
    this.mostInFlight = 0;
    this.handler = undefined;
  }

  /** Nothing where it does already. */
  async listen(): Promise<void> {
    if (this.server.listening) return;
    this.server = this.create();
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private create(): Server {
    return createServer((request, response) => {
      // The gate's own look at readiness takes none of its places, and is no request of a test.
      if (request.headers['user-agent'] === 'voicegate-gate') {
        response.end('ready');
        return;
      }
      this.countInFlight(response);
      void this.handle(request, response).catch(() => response.destroy());
    });
  }

  /** Until its answer is whole: that is when the gate may send the next one. */
  private countInFlight(response: ServerResponse): void {
    this.mostInFlight = Math.max(this.mostInFlight, ++this.inFlight);
    let isOver = false;
    const end = () => {
      if (!isOver) this.inFlight--;
      isOver = true;
    };
    response.once('finish', end).once('close', end);
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += chunk;
    const received: Received = {
      method: request.method ?? '',
      url: request.url ?? '',
      rawHeaders: request.rawHeaders,
      headers: request.headers,
      body,
    };
    this.received.push(received);
    if (await this.handler?.(received, response)) return;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(received));
  }
}
