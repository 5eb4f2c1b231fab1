import type { PortId } from '../identity/port-id.ts';
import type { AddressMoved, PacketRefused } from '../kernel/packet-events.ts';
import type { Logger } from '../log.ts';
import type { Port } from './port.ts';

/** Two instances that use one address would fill the log: one line a port in this time, the others are counted. */
const QUIET_MS = 10_000;

/**
 * Logs addresses that moved to another MAC, and packets that were not taken because the router does not know their sender by
 * that address, with the owner they belong to. Bounded by the ports there are.
 */
export class AddressMoves {
  readonly #portOf: (id: PortId) => Port | undefined;
  readonly #log: Logger;
  readonly #moved = new Map<PortId, Quiet>();
  readonly #refused = new Map<PortId, Quiet>();

  constructor(portOf: (id: PortId) => Port | undefined, log: Logger) {
    this.#portOf = portOf;
    this.#log = log;
  }

  tell({ portId, address, mac, formerMac }: AddressMoved, now = performance.now()): void {
    const line = { address, mac, former_mac: formerMac };
    this.#warn(this.#moved, portId, line, 'an address moved to another MAC', now);
  }

  refused({ portId, verdict, address, mac, knownMac }: PacketRefused, now = performance.now()): void {
    const line = { address, mac, ...(knownMac === undefined ? {} : { known_mac: knownMac }), verdict };
    const what =
      verdict === 'pass_other_network'
        ? 'not steered: the router would not reply to this address by this interface'
        : 'not steered: the address is known by another MAC';
    this.#warn(this.#refused, portId, line, what, now);
  }

  #warn(told: Map<PortId, Quiet>, portId: PortId, line: object, what: string, now: number): void {
    const port = this.#portOf(portId);
    if (port === undefined) return;
    const quiet = told.get(portId);
    if (quiet !== undefined && now < quiet.until) {
      quiet.silenced += 1;
      return;
    }
    told.set(portId, { until: now + QUIET_MS, silenced: 0 });
    const { owner, found } = port;
    const where = { owner: owner.id, namespace: found.namespace, interface: found.link.name, port: portId };
    const silenced = quiet === undefined || quiet.silenced === 0 ? {} : { more_since_the_last_line: quiet.silenced };
    this.#log.warn({ ...where, ...line, ...silenced }, what);
  }
}

interface Quiet {
  readonly until: number;
  silenced: number;
}
