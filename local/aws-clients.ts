import type { LocalAws } from './contracts.js';

/** Milliseconds for one call of an AWS API, and for the connection that it needs. */
const CALL_TIMEOUT = 10_000;
const CONNECTION_TIMEOUT = 2000;

/** Endpoint and credentials are given: nothing comes from the developer's environment. */
function configOf(aws: LocalAws) {
  return {
    endpoint: aws.endpoint,
    region: aws.region,
    credentials: {
      accessKeyId: aws.env.AWS_ACCESS_KEY_ID ?? 'local',
      secretAccessKey: aws.env.AWS_SECRET_ACCESS_KEY ?? 'local',
      ...(aws.env.AWS_SESSION_TOKEN === undefined ? {} : { sessionToken: aws.env.AWS_SESSION_TOKEN }),
    },
    maxAttempts: 2,
    requestHandler: {
      connectionTimeout: CONNECTION_TIMEOUT,
      requestTimeout: CALL_TIMEOUT,
      throwOnRequestTimeout: true,
    },
  };
}

type ClientClass = new (config: ReturnType<typeof configOf>) => { destroy(): void };

export type AwsClients<Classes extends Readonly<Record<string, ClientClass>>> = {
  readonly [Name in keyof Classes]: InstanceType<Classes[Name]>;
} & {
  /** Closes the connections of all of them. */
  destroy(): void;
};

/** A client of the emulated AWS for each class of the SDK, under the name that the class is given under. */
export function awsClients<const Classes extends Readonly<Record<string, ClientClass>>>(
  aws: LocalAws,
  classes: Classes,
): AwsClients<Classes> {
  const config = configOf(aws);
  const clients = Object.entries(classes).map(([name, Client]) => [name, new Client(config)] as const);
  return {
    ...Object.fromEntries(clients),
    destroy: () => {
      for (const [, client] of clients) client.destroy();
    },
    // Entries lose which class stands under which name.
  } as AwsClients<Classes>;
}
