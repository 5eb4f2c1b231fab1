/** Lets something go on, or holds it up until it may. */
export class Gate {
  #open: (() => void) | undefined;
  #closed: Promise<void> = Promise.resolve();
  #inside: Promise<unknown> = Promise.resolve();

  /** Waits while it is closed. */
  pass(): Promise<void> {
    return this.#closed;
  }

  /** Does something inside, for which `close` waits. */
  async hold<T>(action: () => Promise<T>): Promise<T> {
    const inside = action();
    this.#inside = inside.catch(() => undefined);
    return inside;
  }

  /** Lets nobody in, and resolves when nobody is inside. */
  async close(): Promise<void> {
    if (this.#open === undefined) {
      this.#closed = new Promise((resolve) => {
        this.#open = resolve;
      });
    }
    await this.#inside;
  }

  open(): void {
    this.#open?.();
    this.#open = undefined;
  }
}
