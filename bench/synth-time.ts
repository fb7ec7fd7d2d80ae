// What synthesis of the default app costs beside an ApplicationLoadBalancedFargateService with the same image: the time
// of a fresh process from its start to the written templates, interleaved in one run, medians compared.
//
//   npx tsx bench/synth-time.ts [runs]        (default 9 runs each, after one each that is not counted)
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

const runs = Number(process.argv[2] ?? 9);
if (!Number.isInteger(runs) || runs < 1) {
  console.error(`synth-time: runs must be a whole number of at least 1, got "${process.argv[2]}"`);
  process.exit(2);
}

const root = fileURLToPath(new URL('..', import.meta.url));
mkdirSync(join(root, '.voicegate'), { recursive: true });
// Inside the project, where its packages are found.
const directory = mkdtempSync(join(root, '.voicegate/synth-time-'));
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));

const PATTERN = `
import { App, Stack } from 'aws-cdk-lib';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { ApplicationLoadBalancedFargateService } from 'aws-cdk-lib/aws-ecs-patterns';

const app = new App();
const stack = new Stack(app, 'Pattern', {
  env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION },
});
new ApplicationLoadBalancedFargateService(stack, 'Service', {
  cpu: 2048,
  memoryLimitMiB: 8192,
  taskImageOptions: { image: ContainerImage.fromAsset(${JSON.stringify(join(root, 'image'))}), containerPort: 5000 },
});
app.synth();
`;
writeFileSync(join(directory, 'pattern.ts'), PATTERN);

/** Both compiled beforehand, as consumers have the library: what is measured is aws-cdk-lib and the constructs. */
const apps = {
  voicegate: join(root, 'examples/default/app.ts'),
  pattern: join(directory, 'pattern.ts'),
};
for (const [name, file] of Object.entries(apps)) {
  buildSync({
    entryPoints: [file],
    outfile: join(directory, `${name}.cjs`),
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    // The library as it is built: it finds its bundles beside itself.
    alias: { voicegate: join(root, 'dist/lib/index.js') },
    external: ['aws-cdk-lib', 'constructs', join(root, 'dist/*')],
    logLevel: 'warning',
  });
}

interface Time {
  /** CPU milliseconds, which a busy machine stretches less than those of the clock. */
  readonly cpu: number;
  readonly clock: number;
}

/** Says at its end what it cost, since the parent could only see the sum of all children. */
const PROBE = `process.on('exit', () => {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  require('node:fs').writeSync(1, 'cpu ' + (userCPUTime + systemCPUTime) / 1000);
});`;

function synthesize(name: keyof typeof apps): Time {
  const outdir = mkdtempSync(join(tmpdir(), 'voicegate-synth-'));
  const began = performance.now();
  const program = `${PROBE} require(${JSON.stringify(join(directory, `${name}.cjs`))});`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', program], {
    encoding: 'utf8',
    timeout: 120_000,
    env: {
      ...process.env,
      CDK_OUTDIR: outdir,
      CDK_DEFAULT_ACCOUNT: '111122223333',
      CDK_DEFAULT_REGION: 'eu-west-1',
      CDK_CONTEXT_JSON: JSON.stringify({
        'availability-zones:account=111122223333:region=eu-west-1': ['eu-west-1a', 'eu-west-1b'],
      }),
    },
  });
  const clock = performance.now() - began;
  rmSync(outdir, { recursive: true, force: true });
  if (status !== 0) throw new Error(`${name} could not be synthesized:\n${stderr}`);
  return { cpu: Number(/cpu ([\d.]+)$/.exec(stdout)?.[1]), clock };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

const times: Record<keyof typeof apps, Time[]> = { voicegate: [], pattern: [] };
for (let round = 0; round <= runs; round += 1) {
  for (const name of ['pattern', 'voicegate'] as const) {
    const time = synthesize(name);
    if (round > 0) times[name].push(time);
  }
}
for (const kind of ['cpu', 'clock'] as const) {
  const [voicegate, pattern] = [times.voicegate, times.pattern].map((all) => median(all.map((time) => time[kind])));
  const ratio = Number(voicegate) / Number(pattern);
  console.log(
    `${kind.padEnd(5)}  default app ${voicegate?.toFixed(0)} ms, pattern ${pattern?.toFixed(0)} ms, ratio ${ratio.toFixed(2)}`,
  );
}
