import * as z from 'zod';
import { ABI } from '../kernel/layout.gen.ts';

/** What a daemon says of itself when it asks the one that runs for everything. */
export interface HandOverRequest {
  /** Where it waits for the descriptors (src/kernel/hand-over.ts). */
  readonly socket: string;
  readonly version: string;
  readonly abi: number;
}

/** Of the maps and programs of this version. */
export const OUR_ABI = ABI.MS_ABI_VERSION;

const count = z.number().int().nonnegative();
const index = z.number().int().min(-1);
const bytes = z.string().max(64);

const link = z.object({
  ifindex: count,
  name: bytes,
  mac: bytes,
  mtu: count,
  isUp: z.boolean(),
  isEthernet: z.boolean(),
  kind: bytes,
  hasAddress: z.boolean(),
});

const attachment = z.object({
  netns: z.string(),
  link: z.boolean(),
  ifindex: count,
  hook: count,
  handle: count,
  priority: count,
  qdiscCreated: count,
});

const port = z.object({
  id: count,
  ownerKind: z.enum(['router', 'network', 'ovn-network']),
  ownerId: bytes,
  namespace: z.string(),
  netns: z.string(),
  netnsInode: count,
  link,
  device: link,
  mtu: count,
  takingOverUntil: z.number(),
  match: attachment,
  restore: attachment,
  /** Requests answered or refused so far, by daemons before too. */
  requests: count,
  /** Places of its descriptors among those handed over: its listening socket, and its link or -1. */
  listenerAt: index,
  linkAt: index,
});

/** Everything of a daemon that another one needs to go on in its place, but for the descriptors. */
const handOver = z.object({
  version: z.string(),
  abi: count,
  /** How many descriptors were sent. */
  descriptors: count,
  /** Places of the descriptors of all ports: the maps in the order of `struct ms_maps`, … */
  mapsAt: index,
  lockAt: index,
  namespaceAt: index,
  /** -1 where requests were never limited. */
  ratesAt: index,
  tags: z.object({ match: z.string(), restore: z.string() }),
  /** Values of the configuration that cannot change, in its own words. */
  kept: z.object({
    run_dir: z.string(),
    namespace: z.string(),
    netns_dir: z.string(),
    admin: z.object({ socket: z.string().optional() }),
    attach: z.enum(['auto', 'tcx', 'clsact']),
    ports_max: count,
    neighbours_max: count,
    flows_max: count,
    on_exit: z.enum(['release', 'hold']),
  }),
  drained: z.object({
    all: z.boolean(),
    owners: z.array(z.string()).readonly(),
    interfaces: z.array(z.string()).readonly(),
  }),
  /** What operators set in the place of the file's values; absent from versions that did not hand it on. */
  operator: z.object({ limits: z.record(z.string(), count), workers: count.min(1).optional() }).default({ limits: {} }),
  events: z.array(z.object({ at: z.string(), event: z.string() })),
  ports: z.array(port),
});

export type HandOverDocument = z.output<typeof handOver>;
export type PortDescription = z.output<typeof port>;

/** @throws {Error} naming what is missing or wrong */
export function parseHandOver(document: unknown): HandOverDocument {
  return handOver.parse(document);
}
