/** One row of the tables: a packet, what the maps hold before it comes, and everything that must hold afterwards. */
import type { VerdictName } from '../../src/kernel/layout.gen.ts';
import { DEVICE } from './frames.ts';

/** What tc programs return: on to the next program, taken, dropped. */
export const ACTION = { pass: -1, accept: 0, drop: 2, redirect: 7 } as const;
/** What XDP programs return. */
export const XDP_ACTION = { drop: 1, pass: 2 } as const;

export interface Known {
  readonly address: string;
  readonly mac: string;
  /** At the port of the row unless this says otherwise. */
  readonly at?: 'other port';
  /** CLOCK_MONOTONIC in nanoseconds; 1 unless given. */
  readonly seenNs?: bigint;
  /** How far ahead its bucket is used up, in seconds; not at all unless given. */
  readonly busySeconds?: number;
  readonly open?: number;
  readonly confirmed?: boolean;
  /** Whether the router has approved of it: long ago unless given, or just now, or never. */
  readonly checked?: 'now' | 'never';
  /** What the router's neighbour table says, as the daemon wrote it down just now; with `long ago`, a minute before. */
  readonly answer?: { readonly mac?: string; readonly when?: 'long ago' };
}

/** A connection that is known before the packet comes. */
export interface KnownFlow {
  readonly address: string;
  readonly clientPort: number;
  /** Names of enum ms_flow_flag without their prefix. */
  readonly flags?: readonly FlowFlag[];
  readonly seenNs?: bigint;
  readonly at?: 'other port';
  /** The instance's unless given. */
  readonly mac?: string;
  /** Sequence numbers in their order; those of the frames unless given, at 1000 and 2000. */
  readonly clientNext?: number;
  readonly serviceAck?: number;
  readonly serviceFirst?: number;
}

export type FlowFlag =
  | 'answered'
  | 'client_ended'
  | 'service_ended'
  | 'accepted'
  | 'established'
  | 'client_fin'
  | 'unresolved'
  | 'handed_over';

/** A rate with its burst, as in struct ms_rate. */
export interface Limit {
  readonly perSecond: number;
  readonly burst: number;
}

/** What the maps hold before the packet comes. Left out: a daemon that answers, no limits, and a port that knows nobody. */
export interface Setup {
  readonly heartbeat?: 'stale' | 'never' | 'later than now';
  readonly known?: readonly Known[];
  readonly flows?: readonly KnownFlow[];
  /** Connections that have just ended. */
  readonly ended?: readonly KnownFlow[];
  /** What the port counts; the entries in `known` and `flows` unless given. */
  readonly counted?: number;
  /** Those of them that completed a handshake; what `known` says unless given. */
  readonly countedConfirmed?: number;
  /** How far ahead the bucket of what others hand over is used up, in seconds, and how many connections it has. */
  readonly handedBusySeconds?: number;
  readonly handedOpen?: number;
  /** Where the frame comes in; at the router's first interface unless given (router-namespace.ts). */
  readonly arrives?: 'isolated' | 'anywhere';
  /** Whether the packet was handed over by another interface. */
  readonly handedOver?: true;
  /** Whether the other port is the router's second interface, to which packets may be handed over. */
  readonly second?: 'steered';
  /** Addresses of the port's interface, as `10.0.0.1/24`, which say what is on its link. */
  readonly prefixes?: readonly string[];
  readonly open?: number;
  readonly perPortMax?: number;
  readonly portRate?: Limit;
  readonly sourceRate?: Limit;
  /** How far ahead the port's bucket is used up, in seconds. */
  readonly portBusySeconds?: number;
  readonly portOpenMax?: number;
  readonly sourceOpenMax?: number;
  /** Whether connections may be somebody else's, and who says so. */
  readonly takingOver?: 'port' | 'all ports';
  readonly draining?: 'pass' | 'hold';
  /** Whose process has ended: the kernel has emptied its stages. Under `on_exit: hold` packets are then dropped. */
  readonly daemon?: 'gone' | 'gone and holding';
  /** Whether the device the packet leaves by is the port's; it is unless this says otherwise. */
  readonly device?: 'of no port';
  /** The node's tables have room for one neighbour and one flow. */
  readonly tableOfOne?: true;
}

/** What is checked besides verdict, action, bytes and counters. */
export interface After {
  readonly seen?: 'now' | 'as before';
  /** The connection of the frame: known with these flags, or not known. Unless given, as before, or new after a SYN. */
  readonly flow?: readonly FlowFlag[] | 'none';
  readonly confirmed?: boolean;
  /** Next sequence number of the connection's client, and the one the service has acknowledged. */
  readonly clientNext?: number;
  readonly serviceAck?: number;
  /** Whether the router has approved of the neighbour now. */
  readonly approved?: boolean;
  /** MAC that replies of the connection go to. */
  readonly flowMac?: string;
}

export interface Row {
  readonly name: string;
  readonly frame: Buffer;
  readonly verdict: VerdictName;
  /** MACs of the frame when it leaves; without them no byte may change. */
  readonly leavesWith?: { readonly to: string; readonly from?: string };
  readonly action: number;
  readonly setup?: Setup;
  readonly after?: After;
}

/** A packet that goes to the port device. */
export function steered(row: Omit<Row, 'action' | 'leavesWith'>): Row {
  return { ...row, action: ACTION.accept, leavesWith: { to: DEVICE.mac } };
}

/** A packet that is left to whoever would have had it without us. */
export function passed(row: Omit<Row, 'action'>): Row {
  return { ...row, action: ACTION.pass };
}

/** A packet that goes on to the interface of the router that owns its address. */
export function handedOver(row: Omit<Row, 'action'>): Row {
  return { ...row, action: ACTION.redirect };
}

export function dropped(row: Omit<Row, 'action'>): Row {
  return { ...row, action: ACTION.drop };
}
