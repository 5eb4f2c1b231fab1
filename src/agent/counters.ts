import type { RequestRecord } from './request-record.ts';

/** How requests ended, since the start. Bounded: statuses are of three digits, reasons are a list. */
export class Counters {
  #requests = 0;
  readonly #byStatus = new Map<number, number>();
  readonly #byReason = new Map<string, number>();

  get requests(): number {
    return this.#requests;
  }

  /** By status of the response; 0: none. */
  get byStatus(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#byStatus].map(([status, count]) => [String(status), count]));
  }

  get byReason(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#byReason);
  }

  count({ status, reason }: Pick<RequestRecord, 'status' | 'reason'>): void {
    this.#requests += 1;
    this.#byStatus.set(status, (this.#byStatus.get(status) ?? 0) + 1);
    if (reason !== undefined) this.#byReason.set(reason, (this.#byReason.get(reason) ?? 0) + 1);
  }
}
