import type { Logger } from '../log.ts';
import type { Asker, Instance } from './source.ts';

/** A guest that forges addresses would fill the log: one line an owner in this time, the others are counted. */
const QUIET_MS = 10_000;
/** Owners whose time is kept; beyond them the oldest is forgotten. */
const OWNERS_MAX = 1024;

/** Logs addresses that are used with a MAC which their instance does not have, with both. */
export class Mismatches {
  readonly #log: Logger;
  readonly #quiet = new Map<string, { readonly until: number; silenced: number }>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** @param now a clock in milliseconds that never goes back */
  tell({ owner, address, mac }: Asker, { instanceId, macs }: Instance, now = performance.now()): void {
    const quiet = this.#quiet.get(owner.id);
    if (quiet !== undefined && now < quiet.until) {
      quiet.silenced += 1;
      return;
    }
    this.#quiet.delete(owner.id);
    this.#quiet.set(owner.id, { until: now + QUIET_MS, silenced: 0 });
    const [oldest] = this.#quiet.keys();
    if (this.#quiet.size > OWNERS_MAX && oldest !== undefined) this.#quiet.delete(oldest);
    const about = { owner: owner.id, owner_kind: owner.kind, client: address, mac, expected_macs: macs };
    const silenced = quiet === undefined || quiet.silenced === 0 ? {} : { more_since_the_last_line: quiet.silenced };
    this.#log.warn(
      { ...about, instance: instanceId, ...silenced },
      'an address is used with a MAC that its instance does not have',
    );
  }
}
