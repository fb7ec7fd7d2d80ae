import type { Started } from './processes';
import type { World } from './world';

/** One way to authorize requests, running. */
export interface Running extends Started {
  readonly url: string;
}

/** One way to authorize requests. */
export interface Stack {
  readonly name: string;
  /** How it is set up, for the table. */
  readonly setup: string;
  /** Whether it answers by itself instead of asking the app behind it, so that it has no large responses. */
  readonly isApp?: boolean;
  /** Whether it lets requests without a key through. */
  readonly isOpen?: boolean;
  /** @throws Missing when it cannot run here. */
  start(world: World): Promise<Running>;
}
