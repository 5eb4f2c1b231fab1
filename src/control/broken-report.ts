import type { Logger } from '../log.ts';

/** Tells the log of namespaces that cannot be read: once when they break and once when they are whole again. */
export class BrokenReport {
  readonly #log: Logger;
  readonly #reported = new Set<string>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /**
   * @param broken namespaces with the reason
   * @param isExpected whether a namespace may well be whole in a moment
   */
  tell(broken: ReadonlyMap<string, string>, isExpected: (namespace: string) => boolean): void {
    for (const [namespace, reason] of broken) {
      if (isExpected(namespace) || this.#reported.has(namespace)) continue;
      this.#log.warn({ namespace, error: reason }, 'namespace cannot be read');
      this.#reported.add(namespace);
    }
    for (const namespace of this.#reported) {
      if (broken.has(namespace)) continue;
      this.#log.info({ namespace }, 'namespace can be read again, or has gone');
      this.#reported.delete(namespace);
    }
  }
}
