import {
  type CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  type InputLogEvent,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import type { LogConfiguration } from '@aws-sdk/client-ecs';

const FLUSH_MILLISECONDS = 1000;
/** CloudWatch Logs takes 10,000 events and 1 MiB at once; a line is at most 16 Ki characters. */
const BATCH_EVENTS = 500;
const BATCH_BYTES = 900_000;
/** Lines kept while CloudWatch Logs does not answer; the oldest go first. A container is never held up. */
const BUFFERED_EVENTS = 5000;
const LAST_FLUSH_MILLISECONDS = 2000;

/** One container's output on its way to the log stream `prefix/container/task`, as the awslogs driver sends it. */
export class LogShipper {
  private events: InputLogEvent[] = [];
  private streamExists = false;
  private sending: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly client: CloudWatchLogsClient,
    private readonly group: string,
    private readonly stream: string,
    private readonly createGroup: boolean,
  ) {}

  push(text: string): void {
    if (text === '') return;
    this.events.push({ timestamp: Date.now(), message: text });
    if (this.events.length > BUFFERED_EVENTS) this.events.splice(0, this.events.length - BUFFERED_EVENTS);
    this.timer ??= setTimeout(() => this.flush(), FLUSH_MILLISECONDS).unref();
  }

  /** Sends what is left, for at most two seconds. */
  async close(): Promise<void> {
    const timeout = AbortSignal.timeout(LAST_FLUSH_MILLISECONDS);
    const expired = new Promise<void>((resolve) => timeout.addEventListener('abort', () => resolve(), { once: true }));
    const drained = (async () => {
      while (this.events.length > 0 && !timeout.aborted) {
        const before = this.events.length;
        this.flush();
        await this.sending;
        if (this.events.length >= before) break;
      }
      await this.sending;
    })();
    await Promise.race([drained, expired]);
    clearTimeout(this.timer);
    this.events = [];
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.sending ??= this.send().finally(() => {
      this.sending = undefined;
      if (this.events.length > 0) this.timer ??= setTimeout(() => this.flush(), FLUSH_MILLISECONDS).unref();
    });
  }

  private async send(): Promise<void> {
    const batch: InputLogEvent[] = [];
    let bytes = 0;
    for (const event of this.events) {
      bytes += Buffer.byteLength(event.message ?? '') + 26;
      if (batch.length > 0 && (batch.length >= BATCH_EVENTS || bytes > BATCH_BYTES)) break;
      batch.push(event);
    }
    if (batch.length === 0) return;
    this.events = this.events.slice(batch.length);
    try {
      if (!this.streamExists) await this.createStream();
      await this.client.send(
        new PutLogEventsCommand({ logGroupName: this.group, logStreamName: this.stream, logEvents: batch }),
      );
    } catch {
      // Kept for the next try; the stream may have gone with a restarted emulator.
      this.streamExists = false;
      this.events = [...batch, ...this.events].slice(-BUFFERED_EVENTS);
    }
  }

  private async createStream(): Promise<void> {
    if (this.createGroup)
      await ignoreExisting(this.client.send(new CreateLogGroupCommand({ logGroupName: this.group })));
    await ignoreExisting(
      this.client.send(new CreateLogStreamCommand({ logGroupName: this.group, logStreamName: this.stream })),
    );
    this.streamExists = true;
  }
}

/** A shipper for a container's log configuration; undefined if it has none or another driver than awslogs. */
export function logShipper(
  client: CloudWatchLogsClient,
  configuration: LogConfiguration | undefined,
  container: string,
  taskId: string,
): LogShipper | undefined {
  const options = configuration?.options ?? {};
  const group = options['awslogs-group'];
  if (configuration?.logDriver !== 'awslogs' || group === undefined) return undefined;
  const prefix = options['awslogs-stream-prefix'];
  const stream = prefix === undefined ? taskId : `${prefix}/${container}/${taskId}`;
  return new LogShipper(client, group, stream, options['awslogs-create-group'] === 'true');
}

async function ignoreExisting(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if ((error as Error).name !== 'ResourceAlreadyExistsException') throw error;
  }
}
