import { join } from 'node:path';
import type { Tools } from '../contracts.js';
import { withLock } from '../launch/install-lock.mjs';
import { root } from '../launch/prepare.mjs';
import { ensureNginx } from './nginx.js';
import { ensurePebble } from './pebble.js';
import { ensurePython } from './python.js';

export interface ToolchainOptions {
  /** What is being done, in a few words. */
  readonly onProgress?: (tool: 'python' | 'nginx', detail: string) => void;
  /** Also what only the tests need: pytest, cfn-lint and the like. @default false */
  readonly development?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * The tools of the local cloud, installed into the project's `.voicegate/` where they are missing. They are shared by all
 * starts of this project, whatever their state folder; a second call finds them in milliseconds.
 */
export async function ensureTools(options: ToolchainOptions = {}): Promise<Tools> {
  const { onProgress = () => {}, development = false, signal } = options;
  const directory = join(root, '.voicegate');
  return withLock(
    join(directory, 'tools.lock'),
    async () => {
      // When one fails the other is stopped, and the lock is held until it has.
      const failed = new AbortController();
      const either = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal;
      const install = async <T>(work: Promise<T>): Promise<T> => {
        try {
          return await work;
        } catch (error) {
          failed.abort(error);
          throw error;
        }
      };
      const [python, nginx] = await Promise.allSettled([
        install(
          ensurePython({ directory, development, update: (detail) => onProgress('python', detail), signal: either }),
        ),
        install(ensureNginx({ directory, update: (detail) => onProgress('nginx', detail), signal: either })),
      ]);
      if (failed.signal.aborted) throw failed.signal.reason;
      if (python.status === 'rejected') throw python.reason;
      if (nginx.status === 'rejected') throw nginx.reason;
      // Whoever needs it says what is wrong when it cannot be had.
      if (development) await ensurePebble({ directory, signal }).catch(() => undefined);
      return { python: python.value, ...nginx.value };
    },
    { signal },
  );
}
