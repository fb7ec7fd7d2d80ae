import type { Clock } from './clock';

/** What CloudFormation sends for a custom resource, as far as we read it. */
export interface CustomResourceEvent<Properties> {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly ResourceType: string;
  readonly ResponseURL: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceProperties: Properties;
  readonly OldResourceProperties?: Properties;
}

/** What became of a request. */
export interface Outcome {
  readonly physicalId: string;
  readonly data?: Readonly<Record<string, string>>;
  readonly failure?: string;
}

const RESPONSE_TIMEOUT = 10_000;
const RESPONSE_TRIES = 3;

/** Tells CloudFormation how a request went. */
export async function respond(event: CustomResourceEvent<unknown>, outcome: Outcome, clock: Clock): Promise<void> {
  const { physicalId, data, failure } = outcome;
  const body = Buffer.from(
    JSON.stringify({
      Status: failure === undefined ? 'SUCCESS' : 'FAILED',
      Reason: failure ?? 'see the log of the function',
      PhysicalResourceId: physicalId,
      StackId: event.StackId,
      RequestId: event.RequestId,
      LogicalResourceId: event.LogicalResourceId,
      ...(data !== undefined && { Data: data }),
    }),
  );
  for (let left = RESPONSE_TRIES; ; ) {
    try {
      // Bytes, not text: the URL is signed for a request without a content type.
      const answer = await fetch(event.ResponseURL, {
        method: 'PUT',
        body,
        signal: AbortSignal.timeout(RESPONSE_TIMEOUT),
      });
      await answer.arrayBuffer();
      if (answer.ok) return;
      throw new Error(`CloudFormation's response address answered ${answer.status}`);
    } catch (error) {
      left -= 1;
      if (left === 0) throw error;
      await clock.sleep(1000);
    }
  }
}
