import type { Config } from '../config/config.ts';
import { RateTable } from '../kernel/rates.ts';

/** Clients whose requests are counted at once: as many as there are neighbours by default. */
const CLIENTS = 65_536;

/** The table in which all workers count requests, made when requests are first limited. Owns it. */
export class RequestRates {
  #table: RateTable | undefined;

  /** @param table of a daemon before this one */
  constructor(table?: RateTable) {
    this.#table = table;
  }

  get current(): RateTable | undefined {
    return this.#table;
  }

  /** What a worker of this configuration needs of it. */
  tableFor({ rateLimiting }: Config): RateTable | undefined {
    if (!rateLimiting.enabled) return undefined;
    this.#table ??= RateTable.create(CLIENTS);
    return this.#table;
  }

  close(): void {
    this.#table?.close();
  }
}
