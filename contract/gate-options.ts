/**
 * What the construct tells the gate at synth. It holds no CloudFormation token and nothing secret: it becomes part of
 * the task definition. What is known only at deployment comes by `GATE_ENV`.
 */
export interface GateOptions {
  readonly authorizer: {
    /** The event the Lambda gets; `TOKEN` is that of a REST API's TOKEN authorizer. */
    readonly payloadFormat: '1.0' | '2.0' | 'TOKEN';
    /**
     * `credential`: Voicegate's own rules (X-API-Key, Bearer, session cookie, optionally `?api_key=`; exactly one).
     * Else a list as in API Gateway (contract/identity-source.ts).
     */
    readonly identitySource: 'credential' | readonly string[];
    /** Send all headers and the query, as a foreign authorizer expects; Voicegate's own gets neither. */
    readonly forwardRequest: boolean;
    /** `routeKey` of the events. Absent: `$default`. */
    readonly routeKey?: string;
    /** Stage variables of the events. Absent: none. */
    readonly stageVariables?: Readonly<Record<string, string>>;
    /** Seconds an allow is cached when the answer itself states none. Voicegate's own answers state theirs. */
    readonly positiveTtl: number;
    /** Seconds a refusal is cached when the answer itself states none. */
    readonly negativeTtl: number;
    /** Seconds after the last successful decision for which it still serves while the Lambda fails; 0: never. */
    readonly staleGrace: number;
    /** Milliseconds for one invocation. */
    readonly timeout: number;
  };
  /** Prefix of Voicegate's keys: malformed ones are refused without an invocation. */
  readonly keyPrefix: string;
  /** Whether `?api_key=` is accepted. */
  readonly queryKey: boolean;
  /** Routes that need no credential: method (`*`: any) and path pattern. */
  readonly publicRoutes: readonly { readonly method: string; readonly path: string }[];
  /** Paths that turn text into speech: limited more tightly. */
  readonly synthesisPaths: readonly string[];
  /** Scopes by route; the first matching route counts. */
  readonly requiredScopes: readonly { readonly path: string; readonly scopes: readonly string[] }[];
  readonly limits: {
    /** Requests a minute and client network, on all paths. */
    readonly requestsPerMinute: number;
    /** Requests a minute and client network, on the synthesis paths. */
    readonly synthesisPerMinute: number;
    /** Unknown credentials a minute and client network that may cause an invocation. */
    readonly missesPerMinute: number;
    /** Failed attempts a minute and client network, beyond which it is banned; 0: never. */
    readonly failuresPerMinute: number;
    /** Seconds that a ban lasts. */
    readonly banSeconds: number;
    /** Invocations in flight per gate. */
    readonly invocations: number;
    /** Requests in flight to the app. */
    readonly inFlight: number;
    /** Requests that may wait for the app; beyond them 503 at once. */
    readonly queue: number;
  };
  /** Bytes of a request body, at most; larger ones are 413. */
  readonly maxBodyBytes: number;
  /** Bytes of a body whose text is counted, at most; larger ones are 413 unread. */
  readonly maxTextBytes: number;
  /** What texts on the synthesis paths may be like. Absent: the app alone looks at them. */
  readonly textRules?: {
    /** Unicode code points of the longest text, by the field that holds it. */
    readonly maxCharacters?: { readonly text: number; readonly input: number };
    /** Whether control characters other than tab and line break are refused. */
    readonly refusesControl: boolean;
    /** Whether requests are refused whose text the gate cannot read; false only where the app has the same rules. */
    readonly refusesUnreadable: boolean;
  };
  /** Path that the app answers (any status below 500) once it is ready. */
  readonly readinessPath: string;
  /** Seconds: the longest a request may take. Every timeout derives from it. */
  readonly longestRequest: number;
  /**
   * Seconds, at least 2, for which the app keeps an idle connection open: the gate then keeps its own to the app for one
   * second less. Absent: a connection for each request.
   */
  readonly appKeepAlive?: number;
  /** Seconds that the load balancer keeps an idle connection. */
  readonly loadBalancerIdleTimeout: number;
  /** Proxies in front whose `X-Forwarded-For` entries are trusted: 1 behind an ALB. */
  readonly trustedHops: number;
  /** nginx worker processes. */
  readonly workers: number;
  /** Seconds between health turning red and the drain, so that the load balancer has seen it. */
  readonly drainDelay: number;
  /** Path prefixes on which encoded slashes, dots and the like are let through. Default none. */
  readonly relaxedPaths: readonly string[];
  /** Shared memory for decisions, in bytes each. */
  readonly cacheBytes: number;
  /** A sign-in page that exchanges a key for an encrypted cookie; only with `credential`. Absent: none. */
  readonly webSession?: {
    /** Seconds that a session lasts, at most 43,200. */
    readonly lifetime: number;
  };
  /** Pages of other origins may call. Absent: the gate says nothing about them. */
  readonly cors?: {
    /** Origins such as `https://app.example.com`, or `*` alone. Cookies are never allowed. */
    readonly allowOrigins: readonly string[];
    /** Seconds for which browsers may remember the answer to a preflight. */
    readonly maxAge: number;
  };
  /** Search engines may list what is answered. Absent or false: every answer asks them not to. */
  readonly allowIndexing?: boolean;
  /** Whether log lines leave out whose a request is: the key's owner, the token's subject. Absent: they tell it. */
  readonly masksPrincipal?: boolean;
  /** Where the gate's metrics go, one Embedded Metric Format line a minute; absent: no such line. */
  readonly metrics?: {
    /** CloudWatch namespace. */
    readonly namespace: string;
    /** Value of the dimension `Service`. */
    readonly service: string;
  };
}

/** What the gate's bundle makes of its options: the parts of two container definitions. */
export interface GatePackage {
  /** Value of `GATE_ENV.bundle` for the init container: compressed, base64. */
  readonly bundle: string;
  /** Command of the init container (stock nginx image, root with CHOWN only): prepares and checks the volume. */
  readonly initCommand: readonly string[];
  /** Command of the gate (stock nginx image, uid 101, read-only root): runs nginx, maps TERM to a drain. */
  readonly command: readonly string[];
}

/** The face of `dist/gate/pack.js`. @throws Error naming a wrong option, its value and what is allowed. */
export interface GateBundle {
  packGate(options: GateOptions): GatePackage;
  /** The first njs version that has what the gate needs. */
  readonly requiredNjsVersion: string;
}
