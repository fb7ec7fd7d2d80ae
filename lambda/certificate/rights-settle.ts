import { named } from './certificate-store';
import type { Clock } from './clock';

/** Rights that were granted a moment ago may take this long to work. */
const RIGHTS_SETTLE = 60_000;
const PAUSE = 5000;

/** Does it, and again while AWS says that it may not be done. */
export async function withinRightsSettle<T>(clock: Clock, work: () => Promise<T>): Promise<T> {
  const deadline = clock.now() + RIGHTS_SETTLE;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!named(error, 'AccessDeniedException') || clock.now() >= deadline) throw error;
      await clock.sleep(PAUSE);
    }
  }
}
