import { stackOf } from '../errors.ts';
import type { Logger } from '../log.ts';

interface Closable {
  close(): void | Promise<void>;
}

/** Closes what was begun, the last first, and all of it: one failure keeps nothing else open. */
export class Stopper {
  readonly #log: Logger;
  readonly #owned: Closable[] = [];

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Takes responsibility for something, and hands it back for use. */
  owns<T extends Closable>(closable: T): T {
    this.#owned.push(closable);
    return closable;
  }

  /** Closes nothing of what it owns. */
  forget(): void {
    this.#owned.length = 0;
  }

  async stop(): Promise<void> {
    for (let last = this.#owned.pop(); last !== undefined; last = this.#owned.pop()) {
      try {
        await last.close();
      } catch (error) {
        this.#log.error({ error: stackOf(error) }, 'could not be closed');
      }
    }
  }
}
