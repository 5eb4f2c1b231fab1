import * as z from 'zod';
import { ABI } from '../kernel/layout.gen.ts';
import { listOf, parseAs, recordOf } from './document-parts.ts';

/** What a daemon says of itself when it asks the one that runs for everything. */
export interface HandOverRequest {
  /** Where it waits for the descriptors (src/kernel/hand-over.ts). */
  readonly socket: string;
  readonly version: string;
  readonly abi: number;
}

/** Of the maps and programs of this version. */
export const OUR_ABI = ABI.MS_ABI_VERSION;

/** More than any configuration allows (`steering.ports_max`). */
const PORTS_MAX = 16_384;
/** Two of each port, and those of all. */
const DESCRIPTORS_MAX = 2 * PORTS_MAX + 64;
/** Names that operators drained. */
const DRAINED_MAX = 65_536;
const EVENTS_MAX = 1000;
/** Of struct ms_attachment. */
const HOOK_MAX = 2;

const count = z.number().int().nonnegative();
/** What the kernel has in 32 bits. */
const word = count.max(0xffff_ffff);
const index = z
  .number()
  .int()
  .min(-1)
  .max(DESCRIPTORS_MAX - 1);
const bytes = z.string().max(64);
/** As long as the kernel takes one. */
const path = z.string().max(4095);

const link = z.object({
  ifindex: word,
  name: bytes,
  mac: bytes,
  mtu: word,
  isUp: z.boolean(),
  isEthernet: z.boolean(),
  kind: bytes,
  hasAddress: z.boolean(),
});

const attachment = z.object({
  netns: path,
  link: z.boolean(),
  ifindex: word,
  hook: word.max(HOOK_MAX),
  handle: word,
  priority: word,
  qdiscCreated: word,
});

const port = z.object({
  id: word.max(PORTS_MAX - 1),
  ownerKind: z.enum(['router', 'network', 'ovn-network']),
  ownerId: bytes,
  namespace: path,
  netns: path,
  netnsInode: count,
  link,
  device: link,
  mtu: word,
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
const everything = z.object({
  version: bytes,
  abi: count,
  /** How many descriptors were sent. */
  descriptors: count.max(DESCRIPTORS_MAX),
  /** Places of the descriptors of all ports: the maps in the order of `struct ms_maps`, … */
  mapsAt: index,
  lockAt: index,
  namespaceAt: index,
  /** -1 where requests were never limited. */
  ratesAt: index,
  tags: z.object({ match: bytes, restore: bytes }),
  /** Values of the configuration that cannot change, in its own words. */
  kept: z.object({
    run_dir: path,
    namespace: path,
    netns_dir: path,
    admin: z.object({ socket: path.optional() }),
    attach: z.enum(['auto', 'tcx', 'clsact']),
    ports_max: count.min(1).max(PORTS_MAX),
    neighbours_max: word,
    flows_max: word,
    on_exit: z.enum(['release', 'hold']),
  }),
  drained: z.object({
    all: z.boolean(),
    owners: listOf(bytes, DRAINED_MAX),
    interfaces: listOf(path, DRAINED_MAX),
  }),
  /** What operators set in the place of the file's values; absent from versions that did not hand it on. */
  operator: z.object({ limits: recordOf(count, 64), workers: count.min(1).optional() }).default({ limits: {} }),
  events: listOf(z.object({ at: bytes, event: z.string() }), EVENTS_MAX),
  ports: listOf(port, PORTS_MAX),
});

/** A port is a place in maps that have `ports_max` of them, and of none other. */
const handOver = everything.refine(
  ({ ports, kept }) => {
    const ids = new Set(ports.map(({ id }) => id));
    return ids.size === ports.length && ports.every(({ id }) => id < kept.ports_max);
  },
  { path: ['ports'], message: 'each needs a place of its own below ports_max' },
);

export type HandOverDocument = z.output<typeof handOver>;
export type PortDescription = z.output<typeof port>;

/** @throws {DocumentError} naming what is missing or wrong */
export function parseHandOver(document: unknown): HandOverDocument {
  return parseAs(handOver, document);
}
