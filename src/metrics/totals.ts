/**
 * Sums of counters whose sources come and go, such as processes: one that counts from zero again counts on, one that is gone
 * leaves what it added. So no sum ever shrinks, which Prometheus would take for a start anew. Bounded by its owner, through
 * the sources it keeps and the names it takes.
 */
export class RunningTotals {
  readonly #last = new Map<string, ReadonlyMap<string, number>>();
  readonly #totals = new Map<string, number>();

  /**
   * @param counts all that the source has counted since it began, by name
   * @param prefix stands before the names of the sums that the source adds to from here on
   */
  take(source: string, counts: Iterable<readonly [name: string, count: number]>, prefix = ''): void {
    const last = this.#last.get(source);
    const now = new Map(counts);
    for (const [name, count] of now) {
      const before = last?.get(name) ?? 0;
      const more = count < before ? count : count - before;
      this.#totals.set(prefix + name, this.get(prefix + name) + more);
    }
    this.#last.set(source, now);
  }

  /** Forgets sources that are gone. */
  keepSources(present: ReadonlySet<string>): void {
    for (const source of this.#last.keys()) if (!present.has(source)) this.#last.delete(source);
  }

  /** Forgets sums that are no longer asked for. */
  keepNames(isWanted: (name: string) => boolean): void {
    for (const name of this.#totals.keys()) if (!isWanted(name)) this.#totals.delete(name);
  }

  get(name: string): number {
    return this.#totals.get(name) ?? 0;
  }

  /** Sums whose names begin so, by the rest of their names. */
  under(prefix: string): Readonly<Record<string, number>> {
    const found = [...this.#totals].filter(([name]) => name.startsWith(prefix));
    return Object.fromEntries(found.map(([name, total]) => [name.slice(prefix.length), total]));
  }
}
