import type { LimitsDocument } from '../config/limits.ts';
import type { WorkerLoss } from './worker-loss.ts';

/** What the daemon answers to `GET /v1/status` on its admin socket, and `metasteer status --json` prints. */
export interface StatusDocument {
  readonly daemon: {
    readonly pid: number;
    readonly version: string;
    readonly uptime_seconds: number;
    readonly namespace: string;
    /** Limits of new and open connections, in the words of the configuration's section `guard`. */
    readonly limits: LimitsDocument;
    /** Client addresses and connections known on the whole node, at the last look, of every 5 s. */
    readonly neighbours: number;
    readonly flows: number;
    /** Ports there may be. */
    readonly ports_max: number;
    /** Workers there should be, and those that ended without being asked to. */
    readonly workers_wanted: number;
    readonly workers_lost: number;
    readonly workers_lost_by_reason: Readonly<Record<WorkerLoss, number>>;
    /** How often the XDP shield was put on a port or taken off one. */
    readonly shield_switches: number;
    /** Path of the configuration file. */
    readonly config: string;
    /** Keys whose values in the file are not in force until the daemon is started again. */
    readonly needs_restart: readonly string[];
    /**
     * What the service manager keeps for the next start, should this daemon die: nothing where it has no store (`off`) or one
     * that is too small for all ports (`full`).
     */
    readonly store: { readonly state: 'off' | 'kept' | 'full'; readonly descriptors: number; readonly max: number };
  };
  readonly ports: readonly PortStatusDocument[];
  /** Packets on devices of the metasteer namespace that are no port's, by verdict; only those that were counted. */
  readonly no_port: Readonly<Record<string, number>>;
  /** Namespaces of owners that cannot be read. */
  readonly broken: readonly { readonly namespace: string; readonly reason: string }[];
  readonly workers: readonly WorkerStatusDocument[];
  /** Settings under which a worker that is taken over could do more than it need, in words. */
  readonly weaknesses: readonly string[];
  /** Places for workers in which none runs now. */
  readonly vacancies: readonly VacancyDocument[];
  readonly agent: AgentStatusDocument;
  /** What was counted since the daemon started, over all ports and workers, those that are gone too. */
  readonly traffic: TrafficDocument;
  /** What happened lately, the oldest first. */
  readonly events: readonly { readonly at: string; readonly event: string }[];
}

/** Requests and packets, over all ports. */
export interface TrafficDocument {
  /** By verdict of the BPF programs. */
  readonly packets: Readonly<Record<string, number>>;
  /** Client connections. */
  readonly connections: number;
  readonly requests: number;
  /** Of the bodies of responses. */
  readonly bytes: number;
  /** Responses by class of their status, such as `2xx`. */
  readonly responses: Readonly<Record<string, number>>;
  /** Requests refused by the proxy, by reason. */
  readonly refused: Readonly<Record<string, number>>;
  /** From a request's first byte to its end; of it, waiting for the agent; of it, with the agent. */
  readonly total_seconds: HistogramDocument;
  readonly queue_seconds: HistogramDocument;
  readonly agent_seconds: HistogramDocument;
}

export interface HistogramDocument {
  /** Upper bounds of the buckets, in seconds; there is one more without. */
  readonly bounds: readonly number[];
  /** How many are in each bucket alone. */
  readonly counts: readonly number[];
  /** Seconds. */
  readonly sum: number;
}

export interface VacancyDocument {
  /** How the last worker there ended, or why none started. */
  readonly reason: string;
  /** Whether workers end there again and again, so that the next one has to wait for long. */
  readonly held: boolean;
  readonly again_in_ms: number;
}

export interface PortStatusDocument {
  /** Slot of the port; null while it has none. */
  readonly port: number | null;
  /** UUID of the router or network. */
  readonly owner: string;
  readonly owner_kind: 'router' | 'network' | 'ovn-network';
  readonly namespace: string;
  /** The steered interface, in `namespace`. */
  readonly interface: string;
  /** The port device, in the daemon's namespace. */
  readonly device: string | null;
  /** `draining` until what is open has ended, then `drained` when an operator asked for it. */
  readonly state: 'attaching' | 'steering' | 'draining' | 'drained' | 'failed';
  readonly attachment: 'tcx' | 'clsact' | null;
  /** Why it is not steered; null when it is. */
  readonly reason: string | null;
  /** Client connections the workers hold now. */
  readonly connections: number;
  /** Client connections the BPF programs count as open, those of other daemons and half-open ones among them. */
  readonly flows: number;
  /** Whether connections that were open before are still left to whoever has them. */
  readonly taking_over: boolean;
  /** Where the XDP shield runs, if it is up. */
  readonly shield: 'off' | 'generic' | 'native';
  readonly requests: number;
  /** Requests refused by the proxy, by reason. */
  readonly refused: Readonly<Record<string, number>>;
  /** Client addresses remembered now. */
  readonly neighbours: number;
  /** Client addresses that made room for others, because there were nearly as many as may be. */
  readonly neighbours_evicted: number;
  /** Packets by verdict of the BPF programs: `MS_STEER_SYN` of bpf/abi.h is `steer_syn` here. */
  readonly counters: Readonly<Record<string, number>>;
}

export interface WorkerStatusDocument {
  readonly pid: number;
  readonly user: string;
  readonly state: 'starting' | 'running' | 'stopping';
  readonly connections: number;
  readonly requests: number;
}

export interface AgentStatusDocument {
  readonly socket: string;
  readonly state: 'unknown' | 'answering' | 'absent';
  readonly generation: 'unknown' | 'keep-alive' | 'one-shot';
  readonly exchanges_open: number;
  readonly queued: number;
  /** Why the last attempt failed; null while the agent answers. */
  readonly last_error: string | null;
}
