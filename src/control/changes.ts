/** What may have changed since it was last looked at: some namespaces, by name, or everything. */
export type Changes = { readonly all: true } | { readonly all: false; readonly names: ReadonlySet<string> };

/** Changes that come close together are looked at together: making one interface is a dozen events. */
const GATHER_MS = 3;

/** Collects hints of change and hands them over in batches. Bounded by the names there are, and by what is asked for later. */
export class ChangeQueue {
  #names = new Set<string>();
  #all = true;
  readonly #timers = new Set<NodeJS.Timeout>();
  #wake: () => void = () => undefined;

  /** Notes that a namespace of this name may have changed, appeared or gone. */
  add(name: string): void {
    this.#names.add(name);
    this.#wake();
  }

  addAll(): void {
    this.#all = true;
    this.#wake();
  }

  /** {@link add}, in so many milliseconds: when what failed is due to be tried again. */
  addAfter(name: string, ms: number): void {
    this.#later(() => this.add(name), ms);
  }

  addAllAfter(ms: number): void {
    this.#later(() => this.addAll(), ms);
  }

  /** Forgets what was to come later. */
  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  /** Waits for changes; gives everything when nothing was heard for `safetyNetMs`, or when the signal comes. */
  async next(safetyNetMs: number, signal: AbortSignal): Promise<Changes> {
    if (!this.#all && this.#names.size === 0) await this.#waitForOne(safetyNetMs, signal);
    await delay(GATHER_MS, signal);
    const changes: Changes = this.#all ? { all: true } : { all: false, names: this.#names };
    this.#all = false;
    this.#names = new Set();
    return changes;
  }

  #later(add: () => void, ms: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      add();
    }, ms);
    this.#timers.add(timer);
  }

  #waitForOne(safetyNetMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.#wake = () => undefined;
        resolve();
      };
      const timer = setTimeout(() => {
        this.#all = true;
        done();
      }, safetyNetMs);
      signal.addEventListener('abort', done, { once: true });
      this.#wake = done;
    });
  }
}

function delay(ms: number, signal: AbortSignal): Promise<void> {
  return signal.aborted ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms));
}
