import type { GuardLimits } from '../config/config.ts';
import { parseLimits, partOfLimits } from '../config/limits.ts';

/** As it is handed on to the next daemon: limits in the words of the configuration's section `guard`. */
export interface OperatorValuesDocument {
  readonly limits: Readonly<Record<string, number>>;
  readonly workers?: number | undefined;
}

/**
 * What operators set while the daemon runs, in the place of the file's values: it holds until the file is read again, and goes
 * along when another daemon takes over.
 */
export class OperatorValues {
  #limits: Partial<GuardLimits> = {};
  #workers: number | undefined;

  /** @throws {MetasteerError} `config-…` where a limit is none that this version knows */
  static of({ limits, workers }: OperatorValuesDocument): OperatorValues {
    const values = new OperatorValues();
    values.#limits = parseLimits(limits);
    values.#workers = workers;
    return values;
  }

  get document(): OperatorValuesDocument {
    return { limits: partOfLimits(this.#limits), workers: this.#workers };
  }

  /** How many workers there should be; undefined where the configuration says. */
  get workers(): number | undefined {
    return this.#workers;
  }

  set workers(count: number) {
    this.#workers = count;
  }

  addLimits(changes: Partial<GuardLimits>): void {
    this.#limits = { ...this.#limits, ...changes };
  }

  /** The limits of the configuration, but for those that were set. */
  limitsOver(limits: GuardLimits): GuardLimits {
    return { ...limits, ...this.#limits };
  }

  /** The file holds again. */
  clear(): void {
    this.#limits = {};
    this.#workers = undefined;
  }
}
