import { SPEECH_ENV } from '../contract/speech-limits';
import type { Config } from './config';

/** The engines of this package's image, the default first. */
export const ENGINES = ['kokoro', 'espeak-ng', 'sambert-hifigan'] as const;

const DEFAULT_CPU = 2048;

/** What the container of this package's image is told; nothing for somebody else's. */
export function bundledEnvironment(config: Config): { [name: string]: string } | undefined {
  if (config.image !== undefined) return undefined;
  return {
    ...(config.engine === undefined ? {} : { TTS_ENGINE: config.engine }),
    ...(config.strictNames === undefined ? {} : { [SPEECH_ENV.strictNames]: String(config.strictNames) }),
    // A container on Fargate may see more CPUs than its task has.
    TTS_THREADS: String(Math.max(1, Math.floor((config.cpu ?? DEFAULT_CPU) / 1024))),
  };
}
