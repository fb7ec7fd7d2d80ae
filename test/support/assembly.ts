import { vi } from 'vitest';
import { NO_TRACES } from '../../local/deploy/no-traces.js';

interface Synthesis {
  /** Where the app puts its assembly. */
  readonly outdir: string;
  readonly env: { readonly account: string; readonly region: string };
  readonly context?: Readonly<Record<string, unknown>>;
}

/** Runs an app as the CDK toolkit does, told by the environment what to make and where to put it. */
export async function runApp(file: string, { outdir, env, context = {} }: Synthesis): Promise<void> {
  const zones = ['a', 'b', 'c'].map((letter) => env.region + letter);
  vi.stubEnv('CDK_OUTDIR', outdir);
  vi.stubEnv('CDK_DEFAULT_ACCOUNT', env.account);
  vi.stubEnv('CDK_DEFAULT_REGION', env.region);
  // Switched off for all tests, but the toolkit, once it has run in this process, takes the setting away.
  vi.stubEnv('CDK_VALIDATION', process.env.CDK_VALIDATION ?? 'false');
  vi.stubEnv(
    'CDK_CONTEXT_JSON',
    JSON.stringify({
      [`availability-zones:account=${env.account}:region=${env.region}`]: zones,
      '@aws-cdk/core:validateAgainstDefaultRules': false,
      // The toolkit reads them once more at each event, where it destroys.
      'aws:cdk:disable-logicalId-metadata': true,
      ...NO_TRACES,
      ...context,
    }),
  );
  try {
    // Anew each time; vite tells the language by the end.
    await import(`${file}?${Math.random()}.ts`);
  } finally {
    vi.unstubAllEnvs();
  }
}

/**
 * The command of an app whose assembly is finished: the toolkit takes it as it takes one that the command makes. A test
 * that has aws-cdk-lib loaded synthesizes in a tenth of the time of another process.
 */
export function copyOf(assembly: string): string {
  return `mkdir -p "$CDK_OUTDIR" && cp -R '${assembly}/.' "$CDK_OUTDIR"`;
}
