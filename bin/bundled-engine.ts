import { SPEECH_ENV } from '../contract/speech-limits';

/** The engines of this package's image, the default first. */
export const ENGINES = ['kokoro', 'espeak-ng', 'sambert-hifigan'] as const;

type Engine = (typeof ENGINES)[number];

interface Size {
  readonly cpu: number;
  readonly memory: number;
  readonly inFlight: number;
  readonly queue: number;
}

/** What of the app's configuration concerns its image. */
interface Choice extends Partial<Size> {
  readonly image?: string;
  readonly engine?: Engine;
  readonly strictNames?: boolean;
}

/**
 * What a task of this package's image has by default, from what was measured: docs/costs.md. On two vCPU Kokoro speaks to
 * three listeners without a gap and takes less than a gigabyte; eSpeak NG to hundreds, and its processes take 60 MB each.
 */
const SIZES: Readonly<Record<Engine, Size>> = {
  kokoro: { cpu: 2048, memory: 4096, inFlight: 4, queue: 16 },
  'espeak-ng': { cpu: 1024, memory: 2048, inFlight: 8, queue: 16 },
  'sambert-hifigan': { cpu: 2048, memory: 8192, inFlight: 2, queue: 16 },
};

/** Fargate's least and most memory for a number of CPU units. */
const MIB_PER_UNIT = [2, 8] as const;

/** Size and limits for what speaks in the task: as given, and otherwise as this package's image needs them. */
export function sized<T extends Choice>(config: T): T {
  if (config.image !== undefined) return config;
  const size = SIZES[config.engine ?? ENGINES[0]];
  const cpu = config.cpu ?? size.cpu;
  const memory = config.memory ?? Math.min(Math.max(size.memory, cpu * MIB_PER_UNIT[0]), cpu * MIB_PER_UNIT[1]);
  return { ...config, cpu, memory, inFlight: config.inFlight ?? size.inFlight, queue: config.queue ?? size.queue };
}

/** The defaults of one key by engine, in words. */
export function defaultsInWords(key: keyof Size, foreign: number): string {
  const engines = ENGINES.map((engine) => `${engine} ${SIZES[engine][key]}`).join(', ');
  return `${engines}; with image ${foreign}`;
}

/** What the container of this package's image is told; nothing for somebody else's. */
export function bundledEnvironment(config: Choice): { [name: string]: string } | undefined {
  if (config.image !== undefined) return undefined;
  const cpu = sized(config).cpu ?? SIZES[ENGINES[0]].cpu;
  return {
    ...(config.engine === undefined ? {} : { TTS_ENGINE: config.engine }),
    ...(config.strictNames === undefined ? {} : { [SPEECH_ENV.strictNames]: String(config.strictNames) }),
    // A container on Fargate may see more CPUs than its task has.
    TTS_THREADS: String(Math.max(1, Math.floor(cpu / 1024))),
  };
}
