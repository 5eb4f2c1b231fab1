import type { WorkerTraceEvent } from '../proxy/messages.ts';

/** What is to be traced: what fits everything that is given. */
export interface TraceRequest {
  /** An IP address, as instances have it. */
  readonly client?: string;
  /** UUID of a router or network. */
  readonly owner?: string;
  readonly seconds: number;
}

/** The lines of a trace, in the order in which they come: `begin`, then packets and stages by time, then `end`. */
export type TraceLine = TraceBegin | TracePacket | TraceStageLine | TraceEnd;

export interface TraceBegin {
  readonly type: 'begin';
  readonly request: TraceRequest;
  readonly ports: readonly TracedPort[];
}

/** A port that may see what is traced; those that are not steered see nothing. */
export interface TracedPort {
  /** Slot of the port; null while it is not steered. */
  readonly port: number | null;
  readonly owner: string;
  readonly namespace: string;
  readonly interface: string;
  readonly state: 'attaching' | 'steering' | 'failed';
  readonly reason: string | null;
}

/** A packet as a BPF program judged it. */
export interface TracePacket {
  readonly type: 'packet';
  /** CLOCK_MONOTONIC in microseconds. */
  readonly at_us: number;
  readonly port: number;
  readonly client: string;
  readonly client_port: number;
  readonly mac: string;
  readonly verdict: string;
  /** Of TCP, such as `SYN ACK`. */
  readonly flags: string;
}

/** A stage that a request came to in a worker. */
export interface TraceStageLine {
  readonly type: 'stage';
  readonly at_us: number;
  readonly port: number;
  readonly client: string;
  readonly client_port: number;
  readonly stage: WorkerTraceEvent['stage'];
  readonly method?: string;
  readonly path?: string;
  readonly status?: number;
  readonly reason?: string;
  readonly queued?: number;
  readonly bytes?: number;
}

export interface TraceEnd {
  readonly type: 'end';
  readonly seconds: number;
  /** Whether there was more than a trace holds. */
  readonly is_cut: boolean;
  /** Packets dropped by the XDP shield meanwhile, at the ports that were traced, of whatever client. */
  readonly shield_drops: number;
  readonly diagnosis: Diagnosis;
}

/** On the way of a request from the instance and back. */
export type Hop =
  | 'interface'
  | 'match'
  | 'limits'
  | 'port device'
  | 'head'
  | 'worker'
  | 'queue'
  | 'agent socket'
  | 'agent'
  | 'instance look-up'
  | 'restore'
  | 'instance';

/** Where what was traced ended, and why. */
export interface Diagnosis {
  readonly ok: boolean;
  readonly hop: Hop;
  /** One sentence. */
  readonly why: string;
  /** What to do. */
  readonly action: string;
}
