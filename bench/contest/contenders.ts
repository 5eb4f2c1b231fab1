/** What is compared: what Neutron has, and us. Both get the same tenants and the same agent. */
import type { BenchContext } from '../case.ts';
import { Incumbent } from '../incumbent.ts';
import { Metasteer, type MetasteerOptions } from '../metasteer.ts';
import type { Tenant } from '../tenant.ts';

export type ContenderName = 'haproxy' | 'metasteer';

export interface Contender {
  readonly name: ContenderName;
  /** Starts it for tenants, in front of an agent; resolves when all of them are served. */
  readonly start: (context: BenchContext, tenants: readonly Tenant[], agentSocket: string) => Promise<Running>;
}

export interface Running {
  /** Processes as they are now: all haproxies, or supervisor and workers. */
  readonly processes: () => readonly number[];
  readonly stop: () => Promise<void>;
}

const START_MS = 30_000;

/** One haproxy per router and Neutron's iptables rules, which tenants have. */
export const HAPROXY: Contender = {
  name: 'haproxy',
  start: async ({ workspace }, tenants, agentSocket) => {
    const incumbent = await Incumbent.prepare(workspace, agentSocket);
    const running = await Promise.all(tenants.map((tenant) => incumbent.spawn(tenant)));
    return {
      processes: () => running.map(({ pid }) => pid),
      stop: async () => void (await Promise.all(running.map((each) => each.stop()))),
    };
  },
};

/** The daemon. @param settings sections of its configuration with what is other than its default in them */
export function metasteer(settings: MetasteerOptions['settings'] = {}): Contender {
  return {
    name: 'metasteer',
    start: async ({ workspace, teardown }, tenants, agentSocket) => {
      const daemon = new Metasteer({ workspace, agentSocket, routers: tenants.map(({ id }) => id), settings });
      teardown.add('daemon', async () => void (await daemon.stop()));
      await daemon.untilSteering(tenants.length, START_MS, teardown.signal);
      return { processes: () => daemon.processes, stop: async () => void (await daemon.stop()) };
    },
  };
}

/**
 * The load comes from few addresses and is more than an instance may ask for; haproxy as Neutron runs it has no limits. The
 * limits are checked all the same: they are only out of reach.
 */
export const UNLIMITED = {
  guard: {
    source_rate: 1_000_000,
    source_burst: 65_536,
    source_connections: 65_536,
    port_rate: 1_000_000,
    port_burst: 65_536,
    port_connections: 65_536,
  },
} as const;

/** In the order in which they take their turns; the first is what the second is compared with. */
export const CONTENDERS: readonly [Contender, Contender] = [HAPROXY, metasteer(UNLIMITED)];
