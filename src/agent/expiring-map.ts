/** Expired entries that a new one clears away, so that clearing never takes long. */
const CLEARED_PER_ENTRY = 8;

/** A map with a bound whose entries end by themselves; where there is no room, the oldest makes it. */
export class ExpiringMap<Value> {
  readonly #entriesMax: number;
  readonly #now: () => number;
  readonly #entries = new Map<string, { readonly value: Value; readonly endsAt: number }>();

  /** @param now a clock in milliseconds that never goes back */
  constructor(entriesMax: number, now: () => number) {
    this.#entriesMax = entriesMax;
    this.#now = now;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.endsAt > this.#now()) return entry.value;
    this.#entries.delete(key);
    return undefined;
  }

  /** Keeps a value until a time of the map's clock. */
  set(key: string, value: Value, endsAt: number): void {
    this.#entries.delete(key);
    this.#clear();
    this.#entries.set(key, { value, endsAt });
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  #clear(): void {
    let looked = 0;
    for (const [key, { endsAt }] of this.#entries) {
      const full = this.#entries.size >= this.#entriesMax;
      if (!full && (looked++ >= CLEARED_PER_ENTRY || endsAt > this.#now())) return;
      this.#entries.delete(key);
    }
  }
}
