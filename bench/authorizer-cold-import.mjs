// What the authorizer costs a cold start: CPU milliseconds of `import()` and of the first decision in a fresh process,
// for the bundle that ships and for the same handler with the AWS SDK's DynamoDB client in its place, bundled as ES
// module and as CommonJS. The table is a server on loopback that knows no key.
//
//   node bench/authorizer-cold-import.mjs [runs]        (default 15 runs each, interleaved)
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const runs = Number(process.argv[2] ?? 15);
if (!Number.isInteger(runs) || runs < 1) {
  console.error(`authorizer-cold-import: runs must be a whole number of at least 1, got "${process.argv[2]}"`);
  process.exit(2);
}

const authorizer = fileURLToPath(new URL('../lambda/authorizer/', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'authorizer-cold-import-'));
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));

/** The twin: the shipped entry point with the SDK's client where aws4fetch is. */
const twin = `
import { DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { systemClock } from './clock';
import { readConfig } from './config';
import { dynamoDbKeyStore } from './dynamodb-key-store';
import { dynamoDbQuotaStore } from './dynamodb-quota-store';
import { createHandler } from './handler';

const config = readConfig(process.env);
const client = new DynamoDBClient({});
const calls = {
  read: (_operation, input) => client.send(new GetItemCommand(input)),
  note: (_operation, input) => client.send(new UpdateItemCommand(input)),
};
const log = (entry) => console.log(JSON.stringify(entry));
export const handler = createHandler(config, {
  keys: dynamoDbKeyStore(calls, config.keyTable, log),
  quotas: dynamoDbQuotaStore(calls.note, config.keyTable),
  clock: systemClock,
  log,
});
`;

const shared = { bundle: true, minify: true, platform: 'node', target: 'node20', logLevel: 'error' };
const requireBanner = "import{createRequire}from'node:module';const require=createRequire(import.meta.url);";
const candidates = [
  { name: 'shipped (no SDK, ES module)', file: 'shipped.mjs', entryPoints: [join(authorizer, 'index.ts')] },
  { name: 'AWS SDK, ES module', file: 'sdk.mjs', banner: { js: requireBanner } },
  { name: 'AWS SDK, CommonJS', file: 'sdk.cjs' },
];
for (const { file, entryPoints, banner } of candidates) {
  const entry = entryPoints
    ? { entryPoints }
    : { stdin: { contents: twin, resolveDir: authorizer, loader: 'ts', sourcefile: 'twin.ts' } };
  const format = file.endsWith('.mjs') ? 'esm' : 'cjs';
  await build({ ...shared, ...entry, format, outfile: join(directory, file), ...(banner && { banner }) });
}

const table = createServer((request, response) => {
  request.resume();
  request.on('end', () => response.setHeader('content-type', 'application/x-amz-json-1.0').end('{}'));
});
await new Promise((resolve) => table.listen(0, '127.0.0.1', resolve));

// A well-formed key that the table does not know.
const event = { type: 'TOKEN', methodArn: 'arn:aws:execute-api:us-east-1:123456789012:abcdef1234/prod/GET/tts' };
const token = 'vg_000000000000_0000000000000000000000000000000000000000000';
const probe = join(directory, 'probe.mjs');
writeFileSync(
  probe,
  `const cpu = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000; };
const started = cpu();
const { handler } = await import(process.argv[2]);
const imported = cpu();
const answer = await handler(${JSON.stringify({ ...event, authorizationToken: `${token}${checksum(token)}` })}).catch((e) => e.message);
const decided = cpu();
if (answer !== 'Unauthorized') throw new Error(answer);
process.stderr.write(JSON.stringify([imported - started, decided - imported]));
process.exit(0);
`,
);

function checksum(body) {
  const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  let crc = 0xffffffff;
  for (const byte of Buffer.from(body)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  let value = (crc ^ 0xffffffff) >>> 0;
  let text = '';
  for (let i = 0; i < 6; i++, value = Math.floor(value / 62)) text = digits[value % 62] + text;
  return text;
}

async function measure(file) {
  const { stderr } = await promisify(execFile)(
    process.execPath,
    ['--no-warnings', probe, pathToFileURL(join(directory, file)).href],
    {
      env: {
        PATH: process.env.PATH,
        KEY_TABLE_NAME: 'keys',
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'bench',
        AWS_SECRET_ACCESS_KEY: 'bench',
        AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${table.address().port}`,
        AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      },
      timeout: 30_000,
    },
  );
  return JSON.parse(stderr);
}

const samples = new Map(candidates.map(({ file }) => [file, []]));
// Interleaved, so that whatever else the machine does meets all of them alike; the first round fills the file cache.
for (let run = 0; run <= runs; run++) {
  for (const { file } of candidates) {
    const sample = await measure(file);
    if (run > 0) samples.get(file).push(sample);
  }
}
table.closeAllConnections();
table.close();

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const of = (file, index) => median(samples.get(file).map((sample) => sample[index]));
const ratio = (file, index) => `${(of(file, index) / of('shipped.mjs', index)).toFixed(1)}×`;
console.log(`CPU milliseconds, median of ${runs} runs each, Node ${process.version}`);
const row = (name, ...cells) => console.log(name.padEnd(32) + cells.map((cell) => cell.padStart(16)).join(''));
row('bundle', 'KB', 'import', 'first decision');
for (const { name, file } of candidates) {
  const size = Math.round(statSync(join(directory, file)).size / 1024);
  row(name, String(size), ...[0, 1].map((index) => `${of(file, index).toFixed(1)}  ${ratio(file, index).padStart(6)}`));
}
