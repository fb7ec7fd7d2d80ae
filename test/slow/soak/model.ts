/** What the gate may answer when, told by who may do what and by which faults there were. */

export interface SoakKey {
  readonly text: string;
  readonly keyId: string;
  readonly paths: readonly string[] | undefined;
  revoked: boolean;
  /** Milliseconds since the epoch. */
  changed: number;
  cookie?: string;
}

interface Times {
  readonly ttl: number;
  readonly negativeTtl: number;
  readonly grace: number;
}

interface Reply {
  readonly status: number;
  readonly body: string;
}

/** Milliseconds that a machine under load may need between two lines of this program. */
const SLACK = 1500;

export class Model {
  total = 0;
  wrongDecisions = 0;
  readonly unexplained: Record<string, number> = {};
  readonly wrong: string[] = [];
  private readonly counts: Record<string, number> = {};
  private readonly keys = new Map<string, SoakKey>();
  private authorizerFailed = 0;
  private authorizerFailing = false;
  private appFailed = 0;
  private appFailing = false;

  constructor(private readonly times: Times) {}

  add(key: Pick<SoakKey, 'text' | 'keyId' | 'revoked' | 'paths'>): SoakKey {
    const added: SoakKey = { ...key, changed: 0 };
    this.keys.set(added.text, added);
    return added;
  }

  find(text: string): SoakKey | undefined {
    return this.keys.get(text);
  }

  /** Revokes a key, or takes that back. */
  change(key: SoakKey): void {
    key.revoked = !key.revoked;
    key.changed = Date.now();
  }

  authorizerFails(failing: boolean): void {
    this.authorizerFailing = failing;
    this.authorizerFailed = Date.now();
  }

  appFails(failing: boolean): void {
    this.appFailing = failing;
    this.appFailed = Date.now();
  }

  aborted(): void {
    this.total++;
    this.count('aborted', 0);
  }

  /** `start`: when the request was sent. `path` undefined: the sign-in page. */
  check(
    kind: string,
    key: SoakKey | undefined,
    path: string | undefined,
    start: number,
    reply: Reply | undefined,
  ): void {
    this.total++;
    this.count(kind, reply?.status ?? 0);
    if (this.isUnexplained(start, reply)) {
      this.unexplained[`${reply?.status ?? 'broken off'}`] =
        (this.unexplained[`${reply?.status ?? 'broken off'}`] ?? 0) + 1;
      return;
    }
    const problem = reply === undefined ? undefined : this.judge(kind, key, path, start, reply);
    if (problem !== undefined) {
      this.wrongDecisions++;
      if (this.wrong.length >= 100) return;
      this.wrong.push(
        `${new Date().toISOString()} ${kind} ${path ?? ''} ${reply?.status}: ${problem} ${/"requestId":"(\w+)"/.exec(reply?.body ?? '')?.[1] ?? ''}`,
      );
    }
  }

  report(): object {
    return {
      total: this.total,
      wrongDecisions: this.wrongDecisions,
      wrong: this.wrong,
      unexplained: this.unexplained,
      answers: this.counts,
    };
  }

  private count(kind: string, status: number): void {
    const name = `${kind} ${status}`;
    this.counts[name] = (this.counts[name] ?? 0) + 1;
  }

  /** Unavailable although no fault was injected: no wrong decision, but to be explained by what the machine did. */
  private isUnexplained(start: number, reply: Reply | undefined): boolean {
    if (reply === undefined || [500, 502, 504].includes(reply.status)) return !this.appFailedSince(start);
    return (reply.status === 503 || reply.status === 429) && !this.failedSince(start);
  }

  private judge(
    kind: string,
    key: SoakKey | undefined,
    path: string | undefined,
    start: number,
    { status, body }: Reply,
  ): string | undefined {
    if ([429, 500, 502, 503, 504].includes(status)) return undefined;
    const passed = status === 200 || status === 303;
    if (kind === 'conflict') return status === 400 ? undefined : 'two credentials were no conflict';
    if (key === undefined) return status === 401 ? undefined : 'somebody unknown was not refused';
    if (passed) return this.judgePassed(key, path, start, body);
    const permitted = key.paths === undefined || path === undefined || path.startsWith('/only/');
    if (status === 403) return permitted ? 'forbidden, though permitted' : undefined;
    if (status !== 401) return 'an answer that nobody should get';
    // A refusal is right while the key is revoked, or shortly after.
    const restored = !key.revoked && start - key.changed > this.times.negativeTtl * 1000 + SLACK;
    return restored && !(this.authorizerFailing || start - this.authorizerFailed < SLACK)
      ? 'refused, though good'
      : undefined;
  }

  private judgePassed(key: SoakKey, path: string | undefined, start: number, body: string): string | undefined {
    const now = Date.now();
    const grace = this.authorizerFailing || start - this.authorizerFailed < this.times.grace * 1000 + SLACK;
    const bound = (grace ? Math.max(this.times.ttl, this.times.grace) : this.times.ttl) * 1000 + SLACK;
    if (key.revoked && start - key.changed > bound && now - key.changed > bound) return 'passed, though revoked';
    if (path === undefined) return undefined;
    if (key.paths !== undefined && !path.startsWith('/only/')) return 'passed on a path that is not permitted';
    if (body === 'half') return undefined;
    const { keyId, url, secret } = JSON.parse(body) as { keyId: string; url: string; secret: string };
    if (keyId !== key.keyId) return `passed as somebody else: ${keyId}`;
    if (url !== path) return `passed as another path: ${url}`;
    return secret === '' || secret === 'a=1' ? undefined : 'the app saw the credential';
  }

  private appFailedSince(start: number): boolean {
    return this.appFailing || start - this.appFailed < 4000;
  }

  private failedSince(start: number): boolean {
    return this.appFailedSince(start) || this.authorizerFailing || start - this.authorizerFailed < 2500;
  }
}
