import type { PortId } from '../identity/port-id.ts';
import type { AddressMoved } from '../kernel/packet-events.ts';
import type { Logger } from '../log.ts';
import type { Port } from './port.ts';

/** Two instances that use one address would fill the log: one line a port in this time, the others are counted. */
const QUIET_MS = 10_000;

/** Logs addresses that moved to another MAC, with the owner they belong to. Bounded by the ports there are. */
export class AddressMoves {
  readonly #portOf: (id: PortId) => Port | undefined;
  readonly #log: Logger;
  readonly #quiet = new Map<PortId, { readonly until: number; silenced: number }>();

  constructor(portOf: (id: PortId) => Port | undefined, log: Logger) {
    this.#portOf = portOf;
    this.#log = log;
  }

  tell({ portId, address, mac, formerMac }: AddressMoved, now = performance.now()): void {
    const port = this.#portOf(portId);
    if (port === undefined) return;
    const quiet = this.#quiet.get(portId);
    if (quiet !== undefined && now < quiet.until) {
      quiet.silenced += 1;
      return;
    }
    this.#quiet.set(portId, { until: now + QUIET_MS, silenced: 0 });
    const { owner, found } = port;
    const where = { owner: owner.id, namespace: found.namespace, interface: found.link.name, port: portId };
    const silenced = quiet === undefined || quiet.silenced === 0 ? {} : { more_since_the_last_line: quiet.silenced };
    this.#log.warn({ ...where, address, mac, former_mac: formerMac, ...silenced }, 'an address moved to another MAC');
  }
}
