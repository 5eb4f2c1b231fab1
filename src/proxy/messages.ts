import type { OwnerKind } from '../identity/owner-id.ts';
import type { FrontBreach } from '../link/front-breach.ts';
import type { LogLevel } from '../log.ts';
import type { HistogramCounts } from '../metrics/histogram.ts';

/**
 * What supervisor and worker say to each other over a `MessageStream`.
 *
 * The supervisor trusts nothing a worker says: it validates every message (`src/control/worker-messages.ts`), and takes none that it
 * has not asked for (`src/control/worker-questions.ts`).
 * A port's listening socket travels beside its `add-port` message, on a socket of its own (SCM_RIGHTS).
 */
export type ToWorker =
  | { readonly type: 'start'; readonly settings: ProxySettings; readonly logLevel: LogLevel }
  | { readonly type: 'add-port'; readonly port: PortMessage }
  | { readonly type: 'remove-port'; readonly portId: number }
  | { readonly type: 'drain-port'; readonly portId: number; readonly deadlineMs: number }
  | { readonly type: 'status'; readonly request: number }
  /** Asks for a `pong` with the same number: a worker that is alive but stuck does not give it. */
  | { readonly type: 'ping'; readonly ping: number }
  /** Has it tell of what becomes of some clients' requests; of nobody without a filter. */
  | { readonly type: 'trace'; readonly filter?: TraceFilter }
  /** With `othersServe` it takes no more connections: others do on the same sockets. */
  | { readonly type: 'stop'; readonly deadlineMs: number; readonly othersServe: boolean };

export type FromWorker =
  | { readonly type: 'started' }
  | { readonly type: 'pong'; readonly ping: number; readonly connections: number }
  | { readonly type: 'port-listening'; readonly portId: number }
  /** `cut` connections had a request that was being served at the deadline. */
  | { readonly type: 'port-drained'; readonly portId: number; readonly cut: number }
  | { readonly type: 'port-failed'; readonly portId: number; readonly message: string }
  /** Some of the ports of a status, from 1 to STATUS_PORTS_MAX; what ends the status comes last. */
  | { readonly type: 'status-ports'; readonly request: number; readonly ports: readonly PortStatus[] }
  | { readonly type: 'status'; readonly request: number; readonly status: StatusRest }
  | { readonly type: 'traced'; readonly event: WorkerTraceEvent }
  /** The memory that the worker shares with its front is wrong. It ends. */
  | { readonly type: 'front-breach'; readonly breach: FrontBreach }
  | { readonly type: 'stopped' };

/** Ports told of in one message: so each message is bounded, however many ports there are. */
export const STATUS_PORTS_MAX = 32;

/** Events told of one trace: a flood of requests must not become a flood of messages. */
export const TRACE_EVENTS_MAX = 2000;

/** A port as the worker needs to know it: who its clients belong to, and the names that go into logs. */
export interface PortMessage {
  readonly portId: number;
  readonly ownerKind: OwnerKind;
  readonly ownerId: string;
  readonly namespace: string;
  readonly interface: string;
}

/** Everything of the configuration that the request path needs. Times in milliseconds, sizes in bytes. */
export interface ProxySettings {
  readonly agent: {
    readonly socket: string;
    /** Framing the agent speaks (contract.md 2.3): found out from its replies, or fixed. */
    readonly generation: 'auto' | 'keep-alive' | 'one-shot';
    /** Exchanges open at once, over all ports. */
    readonly concurrency: number;
    /** The same while the agent is known to keep connections; as many when absent. */
    readonly keepAliveConcurrency?: number;
    /** Requests waiting for an exchange, over all ports. */
    readonly queueLength: number;
    /** Longest wait of a request for an exchange; then 503 with Retry-After. */
    readonly queueTimeoutMs: number;
    /** From ECONNREFUSED, ENOENT or EAGAIN to the next attempt to connect. */
    readonly retryMs: number;
    /** Whether the agent is told the client's MAC. */
    readonly clientMac: boolean;
  };
  /** Neutron's `[metadata_haproxy]` options (contract.md 1.1). */
  readonly timeouts: {
    readonly connectMs: number;
    readonly clientMs: number;
    readonly serverMs: number;
    readonly httpRequestMs: number;
    readonly httpKeepAliveMs: number;
  };
  readonly limits: {
    readonly headBytes: number;
    readonly headerCount: number;
    readonly targetBytes: number;
    readonly bodyBytes: number;
    readonly connections: number;
  };
  /** Neutron's `[metadata_rate_limiting]` options (contract.md 1.3); absent where requests are not limited. */
  readonly rateLimit?: {
    readonly ipVersions: readonly (4 | 6)[];
    readonly baseMs: number;
    readonly baseLimit: number;
    readonly burstMs: number;
    readonly burstLimit: number;
    readonly countRefused: boolean;
  };
  readonly log: {
    /** Which requests get a line in the access log. */
    readonly access: 'off' | 'errors' | 'all';
  };
}

/** A worker's own account of itself, for `metasteer status`. */
export interface ProxyStatus {
  readonly ports: readonly PortStatus[];
  readonly connections: number;
  readonly requests: number;
  readonly agent: AgentStatus;
  readonly counts: ProxyCounts;
}

/** What of a status does not grow with the ports. */
export type StatusRest = Omit<ProxyStatus, 'ports'>;

/** Classes of a response's status, by its first digit. */
export const RESPONSE_CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const;

/** What a worker has counted since it began, over all ports. */
export interface ProxyCounts {
  /** Client connections. */
  readonly accepted: number;
  /** Of the bodies of responses. */
  readonly bytes: number;
  /** Responses by class of their status, such as `2xx`. */
  readonly responses: Readonly<Record<string, number>>;
  /** Requests refused, by reason of `refuse.ts`. */
  readonly refused: Readonly<Record<string, number>>;
  /** From a request's first byte to its end. */
  readonly total: HistogramCounts;
  /** Of it, waiting for the agent. */
  readonly queue: HistogramCounts;
  /** Of it, with the agent. */
  readonly agent: HistogramCounts;
}

/** Whose requests are traced: those that fit everything that is given. */
export interface TraceFilter {
  readonly client?: string;
  readonly ownerId?: string;
}

/** The stages of a request that a trace tells of. */
export const TRACE_STAGES = ['accepted', 'head', 'queued', 'sent', 'reply', 'refused', 'closed'] as const;

export type TraceStage = (typeof TRACE_STAGES)[number];

/** A client that is traced came to a stage. */
export interface WorkerTraceEvent {
  /** CLOCK_MONOTONIC in microseconds. */
  readonly atUs: number;
  readonly portId: number;
  readonly client: string;
  readonly clientPort: number;
  readonly stage: TraceStage;
  readonly method?: string;
  /** Without its query. */
  readonly path?: string;
  readonly status?: number;
  /** Of `refuse.ts`. */
  readonly reason?: string;
  /** Requests that wait for the agent, this one not among them. */
  readonly queued?: number;
  readonly bytes?: number;
}

export interface PortStatus {
  readonly portId: number;
  readonly connections: number;
  readonly requests: number;
  /** Requests refused by this proxy, by reason of `refuse.ts`. */
  readonly refused: Readonly<Record<string, number>>;
}

/** `unknown` until the first exchange has ended; `absent` while connecting fails. */
export const AGENT_STATES = ['unknown', 'answering', 'absent'] as const;

export const AGENT_GENERATIONS = ['unknown', 'keep-alive', 'one-shot'] as const;

export interface AgentStatus {
  readonly state: (typeof AGENT_STATES)[number];
  readonly generation: (typeof AGENT_GENERATIONS)[number];
  readonly exchangesOpen: number;
  readonly queued: number;
  /** Why the last attempt failed; absent while the agent answers. */
  readonly lastError?: string;
}
