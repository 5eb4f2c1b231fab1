import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../errors.ts';
import type { PortId } from '../identity/port-id.ts';
import { makeRoom } from '../kernel/make-room.ts';
import type { SteeringMaps } from '../kernel/maps.ts';
import type { Programs } from '../kernel/programs.ts';
import type { Logger } from '../log.ts';
import type { LiveConfig } from './live-config.ts';
import type { Port } from './port.ts';

/** One line a port in this time. */
const QUIET_MS = 10_000;

export interface RoomContext {
  readonly config: LiveConfig;
  readonly maps: SteeringMaps;
  readonly programs: Programs;
  readonly portOf: (id: PortId) => Port | undefined;
  readonly log: Logger;
}

/**
 * Makes room among the neighbours of a port before it has as many as it may have: those without a connection that were not
 * seen for the longest time are forgotten, a quarter at once, and the log says so.
 */
export class NeighbourRoom {
  readonly #context: RoomContext;
  #running: Promise<void> = Promise.resolve();
  readonly #waiting = new Set<PortId>();
  /** By port, bounded by the ports there are: when the next line may come, and how many were evicted since the last. */
  readonly #told = new Map<PortId, { readonly until: number; evicted: number }>();

  constructor(context: RoomContext) {
    this.#context = context;
  }

  /** A port is crowded, by what the programs say. */
  make(portId: PortId): void {
    if (this.#waiting.has(portId)) return;
    this.#waiting.add(portId);
    this.#running = this.#running.then(async () => {
      this.#waiting.delete(portId);
      const started = performance.now();
      await this.#make(portId);
      // A flood crowds its port all the time: a tenth of a processor is enough for it.
      await sleep(9 * (performance.now() - started));
    });
  }

  async close(): Promise<void> {
    await this.#running;
  }

  async #make(portId: PortId): Promise<void> {
    const { config, maps, programs, portOf, log } = this.#context;
    try {
      const { neighboursPerPortMax: max, neighboursMax } = config.current.steering;
      const { neighbours, confirmed } = maps.port(portId);
      const unconfirmed = excess(Math.max(0, neighbours - confirmed), Math.max(1, Math.floor(max / 2)));
      const all = Math.max(0, excess(neighbours, max) - unconfirmed);
      // Where the port itself is not crowded, the node's table is.
      const isNode = unconfirmed === 0 && all === 0;
      const wanted = isNode ? { unconfirmed: 0, all: Math.ceil(neighboursMax / 16) } : { unconfirmed, all };
      const evicted = await makeRoom(maps, programs.forget, isNode ? undefined : portId, wanted);
      const port = portOf(portId);
      const told = this.#told.get(portId) ?? { until: 0, evicted: 0 };
      told.evicted += evicted;
      this.#told.set(portId, told);
      if (port === undefined || performance.now() < told.until) return;
      const { owner, found } = port;
      const where = { owner: owner.id, namespace: found.namespace, interface: found.link.name, port: portId };
      const what = isNode ? 'the table of neighbours is full' : 'a port has nearly as many neighbours as it may have';
      log.warn({ ...where, neighbours, evicted: told.evicted }, `${what}: the longest unseen made room`);
      this.#told.set(portId, { until: performance.now() + QUIET_MS, evicted: 0 });
    } catch (error) {
      log.error({ port: portId, error: messageOf(error) }, 'no room could be made among the neighbours of a port');
    }
  }
}

/** How many must go so that three quarters of what may be are left; none while it is not crowded (bpf/limits.h). */
function excess(count: number, max: number): number {
  return count * 8 >= max * 7 ? count - Math.floor((max * 3) / 4) : 0;
}
