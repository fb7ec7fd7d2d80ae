/** What the parts of the local cloud agree on. Each part lives in its own folder and knows only this file, `aws-clients.ts` and AWS. */

/** The emulated AWS: where it listens and what an AWS SDK or the CDK toolkit needs to use it. */
export interface LocalAws {
  readonly endpoint: string;
  readonly region: string;
  readonly accountId: string;
  /** AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_S3, AWS_REGION, credentials …: for SDK clients and child processes. */
  readonly env: Readonly<Record<string, string>>;
}

/** Something that was started: it stops once, and waits until nothing of it is left. */
export interface Running {
  stop(): Promise<void>;
}

/** One line for the person who watches; written to the screen, never to a file. */
export interface RequestLine {
  readonly time: Date;
  readonly client: string;
  readonly method: string;
  /** Without query. */
  readonly path: string;
  readonly status: number;
  /** Who answered and why: `target`, `redirect`, `fixed-response`, `waf:<rule>`, `no-healthy-target`, … */
  readonly why: string;
  /** From the gate's own log, when the request came that far: the public key id. */
  readonly keyId?: string;
  /** The X-Amzn-Trace-Id that the target received, whole, when the request went to one: the join with the gate's log. */
  readonly traceId?: string;
  readonly milliseconds: number;
}

export interface Target {
  readonly targetGroupArn: string;
  /** IP address of the task, from 127.64.0.0/10: each task has a loopback address of its own, as it has a network interface in AWS. */
  readonly id: string;
  readonly port: number;
}

export type TargetState = 'initial' | 'healthy' | 'unhealthy' | 'draining' | 'unused';

export interface TargetHealth extends Target {
  readonly state: TargetState;
  /** The last health check's outcome in words. */
  readonly description: string;
}

/** The data plane of the deployed load balancers and web ACLs. */
export interface Edge extends Running {
  readonly http: string;
  readonly https: string;
  /** File of the CA certificate that signed the edge's certificates. */
  readonly ca: string;
  /** Deployed things that the edge reads but cannot do, each in one sentence for the person who starts it. */
  readonly notEmulated: readonly string[];
  targetHealth(): readonly TargetHealth[];
  /** Reads AWS at once, for who has just changed something there. */
  refresh(): void;
}

export interface EdgeOptions {
  readonly aws: LocalAws;
  /** Load balancers of these stacks are served. */
  readonly stackNames: readonly string[];
  /** 0: any free port. */
  readonly httpPort: number;
  readonly httpsPort: number;
  /** Folder that keeps the local CA between starts. */
  readonly caDirectory: string;
  /** Folder in which the emulated ACM leaves the private keys of imported certificates. @default none: ACM's are not shown */
  readonly certificateKeys?: string;
  /** Seconds until WAF's rate rules see a request, as in AWS (about 10). */
  readonly wafDelay: number;
  readonly onRequest: (line: RequestLine) => void;
}

/** The deployed ECS services, run as processes. */
export interface Tasks extends Running {
  /** Pids of every process of every task, for checks that nothing is left. */
  pids(): readonly number[];
  /** Services that are kept at their desired count: cluster, service, running tasks. */
  services(): readonly { readonly name: string; readonly desired: number; readonly running: number }[];
  /** Why a container can never run on this machine, as soon as that is known. */
  readonly cannotRun: string | undefined;
}

export interface TasksOptions {
  readonly aws: LocalAws;
  readonly stackNames: readonly string[];
  /** Folder of the cloud assembly (`cdk.out`), where image assets' build contexts lie. */
  readonly assemblyDirectory: string;
  /** Folder for volumes and sockets of tasks; emptied at start. */
  readonly workDirectory: string;
  readonly tools: Tools;
  /** One line of a container's output. */
  readonly onLog: (line: { readonly task: string; readonly container: string; readonly text: string }) => void;
  /** Progress in words: `task 1a2b: gate started`. */
  readonly onEvent: (text: string) => void;
  /** What the person who starts it should know although the tasks run: a sentence. */
  readonly onWarning: (text: string) => void;
  /** Targets were registered or deregistered. */
  readonly onTargets?: () => void;
  /** Health of a task's target, as the edge sees it; unhealthy tasks are replaced. */
  readonly healthOf: (target: Target) => TargetState;
}

/** What the toolchain found or installed. */
export interface Tools {
  /** Python of the project's virtual environment. */
  readonly python: string;
  /** An executable that behaves as `nginx` (1.30 with njs ≥ 1.0.0) does. */
  readonly nginx: string;
  /** The folder of nginx's dynamic modules. */
  readonly nginxModules: string;
}

/**
 * Kept in the state folder while the local cloud runs, so that the command line finds it (`--local`). Readable by the user
 * alone: whoever has the credentials can run code on this machine through the emulated AWS.
 */
export interface RunningState {
  readonly pid: number;
  readonly endpoint: string;
  readonly region: string;
  readonly accountId: string;
  /** Of this start: the emulated AWS serves nobody who does not name it. */
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly stack: string;
  readonly http: string;
  readonly https: string;
  readonly ca: string;
}
