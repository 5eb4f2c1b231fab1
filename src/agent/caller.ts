/** Whoever waits for a reply, and may go away before it is there. */
export class Caller {
  #left = false;
  #onLeft: (() => void) | undefined;

  get left(): boolean {
    return this.#left;
  }

  /** What is to be done when the caller leaves, in place of what was set before. Done at once when it has left. */
  whenLeft(action: (() => void) | undefined): void {
    this.#onLeft = action;
    if (this.#left) action?.();
  }

  leave(): void {
    if (this.#left) return;
    this.#left = true;
    this.#onLeft?.();
  }
}
