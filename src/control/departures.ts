import type { PortId } from '../identity/port-id.ts';
import { type DrainContext, drainPort } from './drain.ts';
import type { Port, PortKey } from './port.ts';

/** Ports that finish what is open before they are detached. Bounded by the ports there are, each by the time to drain. */
export class Departures {
  readonly #leaving = new Map<PortId, Port>();
  #idle: (() => void)[] = [];
  readonly #detach: (port: Port) => Promise<void>;

  /** @param detach undoes everything of a port, in its turn */
  constructor(detach: (port: Port) => Promise<void>) {
    this.#detach = detach;
  }

  get ports(): readonly Port[] {
    return [...this.#leaving.values()];
  }

  get keys(): readonly PortKey[] {
    return this.ports.map(({ key }) => key);
  }

  /** Resolves when the port is detached, to the number of connections that had to be cut. */
  async begin(port: Port, context: DrainContext): Promise<number> {
    this.#leaving.set(port.id, port);
    const cut = await drainPort(port, context);
    // Not when the daemon has let it go meanwhile.
    if (this.#leaving.has(port.id)) await this.#detach(port);
    this.#leaving.delete(port.id);
    if (this.#leaving.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
    return cut;
  }

  /** Resolves when nobody leaves. */
  idle(): Promise<void> {
    return this.#leaving.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Those that have not left, for somebody else to detach. */
  takeAll(): readonly Port[] {
    const { ports } = this;
    this.#leaving.clear();
    return ports;
  }
}
