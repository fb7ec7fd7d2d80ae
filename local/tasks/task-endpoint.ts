import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AssumeRoleCommand, type STSClient } from '@aws-sdk/client-sts';
import { webRefusal } from './loopback-guard.js';

/** Seconds of a task role's credentials, and before their end from when on new ones are fetched. */
const CREDENTIALS_SECONDS = 3600;
const RENEW_SECONDS = 300;

export interface EndpointTask {
  readonly taskId: string;
  readonly roleArn: string | undefined;
  /** Answer of the metadata endpoint v4, of the task and of each container by name. */
  metadata(): { readonly task: object; readonly containers: Readonly<Record<string, object>> };
}

interface Registration extends EndpointTask {
  readonly authorization: string;
  readonly containerPaths: Map<string, string>;
  credentials?: Promise<Credentials>;
}

interface Credentials {
  readonly AccessKeyId: string;
  readonly SecretAccessKey: string;
  readonly Token: string;
  readonly Expiration: string;
  readonly RoleArn: string;
}

/**
 * What ECS offers to tasks over HTTP: the task role's credentials and the task metadata (version 4). One server on
 * loopback; every task has paths and a token that nobody else can guess.
 */
export class TaskEndpoint {
  private readonly tasks = new Map<string, Registration>();

  private constructor(
    private readonly server: Server,
    private readonly sts: STSClient,
  ) {}

  static async start(sts: STSClient): Promise<TaskEndpoint> {
    const server = createServer({ requestTimeout: 10_000, headersTimeout: 5000 });
    const endpoint = new TaskEndpoint(server, sts);
    server.on('request', (request, response) => void endpoint.answer(request, response));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    return endpoint;
  }

  /** Makes a task known; returns the environment that tells a container of it where to ask. */
  register(task: EndpointTask): (container: string) => Record<string, string> {
    const registration: Registration = { ...task, authorization: unguessable(), containerPaths: new Map() };
    const path = unguessable();
    this.tasks.set(path, registration);
    const base = `http://127.0.0.1:${this.port}`;
    return (container) => {
      const containerPath = unguessable();
      registration.containerPaths.set(containerPath, container);
      return {
        ECS_CONTAINER_METADATA_URI_V4: `${base}/v4/${path}/${containerPath}`,
        ...(task.roleArn
          ? {
              AWS_CONTAINER_CREDENTIALS_FULL_URI: `${base}/v2/credentials/${path}`,
              AWS_CONTAINER_AUTHORIZATION_TOKEN: registration.authorization,
            }
          : {}),
      };
    };
  }

  unregister(taskId: string): void {
    for (const [path, task] of this.tasks) if (task.taskId === taskId) this.tasks.delete(path);
  }

  async stop(): Promise<void> {
    this.tasks.clear();
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refused = webRefusal(request, this.port);
    if (refused !== undefined) return send(response, 403, failure('AccessDenied', refused));
    const [, version, ...rest] = new URL(request.url ?? '/', 'http://localhost').pathname.split('/');
    const [path = '', second] = version === 'v2' && rest[0] === 'credentials' ? rest.slice(1) : rest;
    const task = this.tasks.get(path);
    if (task === undefined || request.method !== 'GET') return send(response, 404, failure('NotFound', 'unknown task'));
    if (version === 'v2') return this.answerCredentials(task, request, response);
    const container = task.containerPaths.get(second ?? '');
    if (version !== 'v4' || container === undefined)
      return send(response, 404, failure('NotFound', 'unknown container'));
    const metadata = task.metadata();
    return send(response, 200, rest[2] === 'task' ? metadata.task : (metadata.containers[container] ?? {}));
  }

  private async answerCredentials(
    task: Registration,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    if (!sameText(request.headers.authorization ?? '', task.authorization)) {
      return send(response, 401, failure('AccessDenied', 'wrong or missing authorization token'));
    }
    try {
      send(response, 200, await this.credentialsOf(task));
    } catch (error) {
      send(response, 503, failure('CredentialsUnavailable', `AssumeRole failed: ${(error as Error).message}`));
    }
  }

  private async credentialsOf(task: Registration): Promise<Credentials> {
    const known = await task.credentials?.catch(() => undefined);
    if (known !== undefined && Date.parse(known.Expiration) - Date.now() > RENEW_SECONDS * 1000) return known;
    task.credentials = this.assumeRole(task.roleArn ?? '', task.taskId);
    return task.credentials;
  }

  private async assumeRole(roleArn: string, taskId: string): Promise<Credentials> {
    const { Credentials: given } = await this.sts.send(
      new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: taskId, DurationSeconds: CREDENTIALS_SECONDS }),
    );
    if (!given?.AccessKeyId || !given.SecretAccessKey || !given.SessionToken) throw new Error('an incomplete answer');
    const expiration = given.Expiration ?? new Date(Date.now() + CREDENTIALS_SECONDS * 1000);
    return {
      AccessKeyId: given.AccessKeyId,
      SecretAccessKey: given.SecretAccessKey,
      Token: given.SessionToken,
      // Whole seconds, as ECS writes it: stricter parsers know no fractions.
      Expiration: `${expiration.toISOString().slice(0, 19)}Z`,
      RoleArn: roleArn,
    };
  }
}

function unguessable(): string {
  return randomBytes(32).toString('base64url');
}

function sameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

function failure(code: string, message: string): object {
  return { code, message };
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}
