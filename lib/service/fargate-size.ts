import { type Size, SizeRoundingBehavior, Token } from 'aws-cdk-lib';
import { checkKinds } from '../shared/kinds';

/** Memory in MiB that Fargate allows by CPU units: from, to, and in steps of. 256 units have a smallest one besides. */
const MEMORY: Readonly<Record<number, readonly [number, number, number]>> = {
  256: [1024, 2048, 1024],
  512: [1024, 4096, 1024],
  1024: [2048, 8192, 1024],
  2048: [4096, 16_384, 1024],
  4096: [8192, 30_720, 1024],
  8192: [16_384, 61_440, 4096],
  16384: [32_768, 122_880, 8192],
};
const SMALLEST_MEMORY = 512;
export const DEFAULT_CPU = 2048;
export const DEFAULT_MEMORY = 8192;

/** What a size is made of. */
export interface FargateSize {
  readonly cpu?: number;
  readonly memoryLimitMiB?: number;
  readonly ephemeralStorage?: Size;
}

/** @throws Error naming a size that Fargate does not have. */
export function checkFargateSize(props: FargateSize): void {
  checkKinds('TaskCapacity.fargate', props, {
    cpu: 'number',
    memoryLimitMiB: 'number',
    ephemeralStorage: 'size',
    cpuArchitecture: 'object',
  });
  const { cpu = DEFAULT_CPU, memoryLimitMiB: memory = DEFAULT_MEMORY, ephemeralStorage } = props;
  if (!Token.isUnresolved(cpu) && !Token.isUnresolved(memory)) checkPair(cpu, memory);
  const storage = ephemeralStorage?.toGibibytes({ rounding: SizeRoundingBehavior.NONE });
  if (storage !== undefined && !(Number.isInteger(storage) && storage >= 21 && storage <= 200)) {
    throw new Error(`TaskCapacity.fargate: ephemeralStorage must be from 21 to 200 GiB, got ${storage} GiB`);
  }
}

function checkPair(cpu: number, memory: number): void {
  const range = MEMORY[cpu];
  if (range === undefined) {
    throw new Error(`TaskCapacity.fargate: cpu must be one of ${Object.keys(MEMORY).join(', ')}, got ${cpu}`);
  }
  const [from, to, step] = range;
  const fits = memory >= from && memory <= to && memory % step === 0;
  if (fits || (cpu === 256 && memory === SMALLEST_MEMORY)) return;
  const also = cpu === 256 ? `${SMALLEST_MEMORY}, or ` : '';
  throw new Error(
    `TaskCapacity.fargate: memoryLimitMiB must be ${also}from ${from} to ${to} in steps of ${step} for cpu ${cpu}, got ${memory}`,
  );
}
