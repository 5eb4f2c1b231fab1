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
  #failed = 0;
  #toldAt = Number.NEGATIVE_INFINITY;
  readonly #over: () => void;
  #sinceOver = 0;

  /** @param over called when a large number of ports has been dealt with, at once or one by one */
  constructor(log: Logger, over: () => void) {
    this.#log = log;
    this.#over = over;
  }

  /** More ports are about to be steered. */
  begin(count: number): void {
    this.#wanted += count;
  }

  /** One more is. */
  steered(): void {
    this.#done += 1;
    this.#sinceOver += 1;
    this.#tell();
  }

  /** One could not be, for now. */
  failed(): void {
    this.#failed += 1;
    this.#tell();
  }

  #tell(): void {
    const isComplete = this.#done + this.#failed >= this.#wanted;
    const isWorthIt = this.#wanted >= WORTH_TELLING;
    if (isWorthIt && (isComplete || performance.now() - this.#toldAt > EVERY_MS)) {
      this.#log.info({ steered: this.#done, failed: this.#failed, of: this.#wanted }, 'progress');
      this.#toldAt = performance.now();
    }
    if (!isComplete) return;
    [this.#wanted, this.#done, this.#failed] = [0, 0, 0];
    if (this.#sinceOver < WORTH_TELLING) return;
    this.#sinceOver = 0;
    this.#over();
  }
}
