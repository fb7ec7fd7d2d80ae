/**
 * The command of an app whose assembly is finished: the toolkit takes it as it takes one that the command makes. A test
 * that has aws-cdk-lib loaded synthesizes in a tenth of the time of another process.
 */
export function copyOf(assembly: string): string {
  return `mkdir -p "$CDK_OUTDIR" && cp -R '${assembly}/.' "$CDK_OUTDIR"`;
}
