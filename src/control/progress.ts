import type { Logger } from '../log.ts';

/** Fewer ports than this are steered before anybody would ask how far it is. */
const WORTH_TELLING = 50;
/** Between two lines. */
const EVERY_MS = 1000;

/** Tells the log how far a large number of ports has come, as at the start on a node with many routers. */
export class Progress {
  readonly #log: Logger;
  #wanted = 0;
  #done = 0;
  #toldAt = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** More ports are about to be steered. */
  begin(count: number): void {
    this.#wanted += count;
  }

  /** One more is. */
  steered(): void {
    this.#done += 1;
    const isComplete = this.#done >= this.#wanted;
    if (this.#wanted >= WORTH_TELLING && (isComplete || Date.now() - this.#toldAt > EVERY_MS)) {
      this.#log.info({ steered: this.#done, of: this.#wanted }, 'progress');
      this.#toldAt = Date.now();
    }
    if (isComplete) [this.#wanted, this.#done] = [0, 0];
  }

  /** One could not be, for now. */
  failed(): void {
    this.#wanted -= 1;
  }
}
