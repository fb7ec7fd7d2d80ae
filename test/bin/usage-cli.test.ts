import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type KeyTableServer, startKeyTable } from '../lambda/authorizer/key-table';
import { commandLine } from './cli';

interface Query {
  readonly logGroupName: string;
  readonly queryString: string;
  readonly startTime: number;
  readonly endTime: number;
}

type Rows = readonly Readonly<Record<string, string | undefined>>[];

/** CloudFormation's DescribeStacks, and Logs Insights as far as its protocol goes: what a query finds is the test's. */
class Aws {
  readonly queries: Query[] = [];
  readonly requests: string[] = [];
  find: (query: Query) => Rows = () => [];
  /** States that a query has before it is complete. */
  before: readonly string[] = ['Scheduled', 'Running'];
  outputs: Readonly<Record<string, string>> = {};
  private readonly polls = new Map<string, number>();
  private readonly server = createServer(async (request, response) => {
    const body = await text(request);
    const operation = String(request.headers['x-amz-target'] ?? '').split('.')[1];
    if (operation === undefined) {
      response.writeHead(200, { 'content-type': 'text/xml' }).end(this.describeStacks());
      return;
    }
    this.requests.push(operation);
    const [status, answer] = this.answer(operation, JSON.parse(body));
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(answer));
  });

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private answer(operation: string, input: Query & { readonly queryId: string }): [number, unknown] {
    if (operation === 'StartQuery') {
      if (input.logGroupName === 'gone') return [400, { __type: 'ResourceNotFoundException', message: 'gone' }];
      this.queries.push(input);
      return [200, { queryId: String(this.queries.length - 1) }];
    }
    const polls = this.polls.get(input.queryId) ?? 0;
    this.polls.set(input.queryId, polls + 1);
    const status = this.before[polls] ?? 'Complete';
    const query = this.queries[Number(input.queryId)];
    if (status !== 'Complete' || query === undefined) return [200, { status, results: [] }];
    const results = this.find(query).map((row) => Object.entries(row).map(([field, value]) => ({ field, value })));
    return [200, { status, results }];
  }

  private describeStacks(): string {
    const members = Object.entries(this.outputs).map(
      ([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`,
    );
    return `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member>
      <StackName>speech</StackName><StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime>
      <Outputs>${members.join('')}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`;
  }
}

const cli = commandLine();
let table: KeyTableServer;
let aws: Aws;
let endpoint: string;

beforeAll(async () => {
  table = await startKeyTable();
});
afterAll(async () => {
  await table?.stop();
});
beforeEach(async () => {
  aws = new Aws();
  aws.outputs = { ServiceGateLogGroupName1A2B3C4D: 'tasks', KeyTableName: table.table };
  endpoint = await aws.start();
});
afterEach(() => aws.stop());

const env = () => ({
  ...table.env,
  AWS_ENDPOINT_URL_CLOUDFORMATION: endpoint,
  AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: endpoint,
});
const usage = (...args: string[]) => cli.run(['usage', '--stack', 'speech', ...args], env());

async function createKey(owner: string): Promise<string> {
  const args = ['keys', 'create', '--table', table.table, '--owner', owner, '--json'];
  return JSON.parse((await cli.run(args, table.env)).stdout).keyId;
}

const seconds = (day: string) => Date.parse(`${day}T00:00:00Z`) / 1000;

describe('voicegate usage', () => {
  it('sums up by key and day what Logs Insights finds, and shows owner, total and chart', async () => {
    const keyId = await createKey('acme');
    aws.find = ({ startTime }) =>
      startTime === seconds('2026-11-02')
        ? [
            { keyId, decision: 'allow', n: '1200', spoken: '34000' },
            { keyId, decision: 'deny', n: '3' },
            { keyId: '', decision: 'deny', n: '300' },
          ]
        : [{ keyId, decision: 'allow', n: '600' }];
    const days = ['--since', '2026-11-01', '--until', '2026-11-02'];
    const { exitCode, stdout } = await cli.spawn(['usage', '--stack', 'speech', ...days], env());
    expect(exitCode).toBe(0);
    expect(stdout.split('\n')).toEqual([
      'DAY         KEYID         OWNER  REQUESTS  CHARACTERS  REFUSALS',
      `2026-11-01  ${keyId}  acme   600       0           0`,
      '2026-11-02  (none)        -      0         0           300',
      `2026-11-02  ${keyId}  acme   1200      34000       3`,
      'total                            1800      34000       303',
      '',
      `2026-11-01  ${'█'.repeat(16)} 600`,
      `2026-11-02  ${'█'.repeat(32)}${'░'.repeat(8)} 1503`,
      '█ let through  ░ refused',
      '',
    ]);
    const asked = aws.queries.map(({ logGroupName, startTime, endTime }) => [logGroupName, startTime, endTime]);
    expect(asked.sort()).toEqual([
      ['tasks', seconds('2026-11-01'), seconds('2026-11-02') - 1],
      ['tasks', seconds('2026-11-02'), seconds('2026-11-03') - 1],
    ]);
  });

  it('prints JSON, of one key or of one owner’s', async () => {
    const [mine, other] = [await createKey('mine'), await createKey('other')];
    aws.find = () => [mine, other].map((keyId) => ({ keyId, decision: 'allow', n: '1', spoken: '5' }));
    const day = ['--since', '2026-11-01', '--until', '2026-11-01', '--json'];
    const row = { day: '2026-11-01', requests: 1, characters: 5, refusals: 0 };
    const ofKey = JSON.parse((await usage(...day, '--key', other)).stdout);
    expect(ofKey).toEqual({
      since: '2026-11-01',
      until: '2026-11-01',
      rows: [{ ...row, keyId: other, owner: 'other' }],
    });
    const ofOwner = JSON.parse((await usage(...day, '--owner', 'mine')).stdout);
    expect(ofOwner.rows).toEqual([{ ...row, keyId: mine, owner: 'mine' }]);
  });

  it('asks for half the time when a query brings as many rows as it may, so that none is missing', async () => {
    const full = Array.from({ length: 10_000 }, (_, i) => ({ keyId: `k${i}`, decision: 'allow', n: '1' }));
    aws.before = [];
    aws.find = ({ startTime, endTime }) =>
      endTime - startTime > 50_000 ? full : [{ keyId: 'abcdefabcdef', decision: 'allow', n: '7' }];
    const { stdout } = await usage('--since', '2026-11-01', '--until', '2026-11-01', '--json');
    expect(JSON.parse(stdout).rows).toEqual([
      { day: '2026-11-01', keyId: 'abcdefabcdef', requests: 14, characters: 0, refusals: 0 },
    ]);
    const noon = seconds('2026-11-01') + 43_200;
    expect(aws.queries.slice(1).map(({ startTime, endTime }) => [startTime, endTime])).toEqual([
      [noon - 43_200, noon - 1],
      [noon, noon + 43_200 - 1],
    ]);
  });

  it('tells on standard error how far it is when reading takes long', async () => {
    aws.before = new Array<string>(6).fill('Running');
    const { stdout, stderr } = await usage('--since', '2026-11-01', '--until', '2026-11-01');
    expect(stderr).toMatch(/0 of 1 days read, \d+ s/);
    expect(stdout).toBe('no requests\n');
  });

  it('reads the last seven days unless told otherwise', async () => {
    await usage();
    expect(aws.queries).toHaveLength(7);
  });

  it('says what failed: a query, a log group, a stack without one', async () => {
    aws.before = ['Failed'];
    const failed = await usage('--days', '1');
    expect(failed).toMatchObject({ exitCode: 1, stdout: '' });
    expect(failed.stderr).toContain('ended the query with status Failed');
    aws.outputs = { GateLogGroupName: 'gone', KeyTableName: table.table };
    const gone = await usage('--days', '1');
    expect(gone.exitCode).toBe(3);
    expect(gone.stderr).toContain('there is no log group gone');
    aws.outputs = { KeyTableName: table.table };
    const without = await usage('--days', '1');
    expect(without.exitCode).toBe(3);
    expect(without.stderr).toContain('no output GateLogGroupName');
  });

  it('goes on without owners when the key table cannot be read, unless they are asked for', async () => {
    aws.outputs = { GateLogGroupName: 'tasks', KeyTableName: 'no-such-table' };
    aws.find = () => [{ keyId: 'abcdefabcdef', decision: 'allow', n: '1' }];
    const { exitCode, stdout, stderr } = await usage('--days', '1');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/abcdefabcdef {2}- /);
    expect(stderr).toContain('the owners of keys are not shown');
    expect((await usage('--days', '1', '--owner', 'acme')).exitCode).toBe(3);
  });

  it.each([
    [['--days', '0'], '--days must be a whole number from 1 to 400, got "0"'],
    [['--days', '2', '--since', '2026-11-01'], '--days and --since exclude each other'],
    [['--since', '2026-02-30'], '--since must be a day such as 2026-11-24, got "2026-02-30"'],
    [['--since', '2026-11-03', '--until', '2026-11-01'], 'got 2026-11-03 and 2026-11-01'],
    [['--key', 'short'], 'short'],
  ])('refuses %j and reads nothing', async (args, message) => {
    const { exitCode, stderr } = await usage(...args);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
    expect(aws.requests).toEqual([]);
  });
});
