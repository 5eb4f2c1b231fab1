import type { Config } from '../config/config.ts';
import { RateTable } from '../kernel/rates.ts';
import type { HandOverDocument } from './hand-over-document.ts';

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

/** For the history, when `withSoundRates` left the table out. */
export const RATES_ANEW =
  'requests of clients are counted anew: a worker could have cut the table of the version before, and with it ended all others';

/**
 * The document of a daemon before this one, without its table where that is not sound: versions before 0.1.1 made it so. Its
 * descriptor stays the caller's.
 *
 * @param at the descriptor at a place
 */
export function withSoundRates(document: HandOverDocument, at: (place: number) => number): HandOverDocument {
  if (document.ratesAt === -1 || RateTable.isSound(at(document.ratesAt))) return document;
  return { ...document, ratesAt: -1 };
}
