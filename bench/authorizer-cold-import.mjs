// What loading the authorizer costs a cold start: CPU milliseconds of `import()` in a fresh process, for the bundle that
// ships and for the same handler with the AWS SDK's DynamoDB client in its place, bundled as ES module and as CommonJS.
//
//   node bench/authorizer-cold-import.mjs [runs]        (default 15 runs each, interleaved)
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
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
  clock: systemClock,
  log,
});
`;

const shared = { bundle: true, minify: true, platform: 'node', target: 'node20', logLevel: 'error' };
const requireBanner = "import{createRequire}from'node:module';const require=createRequire(import.meta.url);";
const candidates = [
  { name: 'shipped (aws4fetch, ES module)', file: 'shipped.mjs', entryPoints: [join(authorizer, 'index.ts')] },
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

const probe = join(directory, 'probe.mjs');
writeFileSync(
  probe,
  `const started = process.cpuUsage();
await import(process.argv[2]);
const { user, system } = process.cpuUsage(started);
console.log((user + system) / 1000);
`,
);

function measure(file) {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--no-warnings', probe, pathToFileURL(join(directory, file)).href],
    {
      env: { PATH: process.env.PATH, KEY_TABLE_NAME: 'keys', AWS_REGION: 'us-east-1' },
      encoding: 'utf8',
      timeout: 30_000,
    },
  );
  if (status !== 0) throw new Error(`importing ${file} failed: ${stderr}`);
  return Number(stdout);
}

const samples = new Map(candidates.map(({ file }) => [file, []]));
// Interleaved, so that whatever else the machine does meets all of them alike; the first round fills the file cache.
for (let run = 0; run <= runs; run++) {
  for (const { file } of candidates) {
    const milliseconds = measure(file);
    if (run > 0) samples.get(file).push(milliseconds);
  }
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const base = median(samples.get('shipped.mjs'));
console.log(`cold import, CPU ms, Node ${process.version}, ${runs} runs each`);
console.log(
  `${'bundle'.padEnd(32)}${'KB'.padStart(6)}${'median'.padStart(8)}${'min'.padStart(8)}${'ratio'.padStart(8)}`,
);
for (const { name, file } of candidates) {
  const values = samples.get(file);
  const size = Math.round(statSync(join(directory, file)).size / 1024);
  const cells = [
    size.toFixed(0).padStart(6),
    ...[median(values), Math.min(...values)].map((n) => n.toFixed(1).padStart(8)),
  ];
  console.log(`${name.padEnd(32)}${cells.join('')}${(median(values) / base).toFixed(1).padStart(8)}`);
}
