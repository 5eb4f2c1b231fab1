import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { OwnerKind } from '../identity/owner-id.ts';
import { metricsPlaces } from './metrics-keys.ts';
import type { ConfigFile } from './schema.ts';

/** Names that Neutron gives: `{uuid}` stands for the owner in a namespace's, `*` for anything in an interface's. */
export interface NamePatterns {
  readonly namespaces: string;
  readonly interfaces: readonly string[];
}

/** An interface of a system other than Neutron. */
export interface ListedPort {
  readonly namespace: string;
  readonly interface: string;
  /** UUID. */
  readonly owner: string;
  readonly kind: OwnerKind;
}

/** Limits of the data plane. Rates are per second; 0 is none. */
export interface GuardLimits {
  readonly sourceRate: number;
  readonly sourceBurst: number;
  readonly sourceConnections: number;
  readonly portRate: number;
  readonly portBurst: number;
  readonly portConnections: number;
}

export interface GuardConfig extends GuardLimits {
  readonly xdp: 'off' | 'auto' | 'always';
  readonly xdpMode: 'auto' | 'generic' | 'native';
  readonly xdpOn: number;
  readonly xdpCalmMs: number;
}

/** Limits of requests. */
export interface RateLimiting {
  readonly enabled: boolean;
  readonly ipVersions: readonly (4 | 6)[];
  readonly baseWindowMs: number;
  readonly baseLimit: number;
  readonly burstWindowMs: number;
  readonly burstLimit: number;
  readonly countRefused: boolean;
}

/** The configuration as the program uses it. Times in milliseconds, sizes in bytes; meanings are in `schema.ts`. */
export interface Config {
  readonly runDir: string;
  readonly namespace: string;
  readonly netnsDir: string;
  /** How many worker processes. */
  readonly workers: number;
  readonly agent: {
    readonly socket: string;
    readonly generation: 'auto' | 'keep-alive' | 'one-shot';
    readonly concurrency: number | 'auto';
    readonly queueLength: number;
    readonly queueTimeoutMs: number;
    readonly retryMs: number;
    readonly clientMac: boolean;
    /** Where `metasteer agent` is told which owners are on this node. */
    readonly adminSocket?: string;
  };
  readonly admin: { readonly socket: string };
  /** Without a user it is derived from the agent socket's owner. */
  readonly worker: { readonly user?: string; readonly sandbox: boolean; readonly heapBytes: number };
  readonly discovery: {
    readonly rescanMs: number;
    /** UUIDs in lower case; absent: all. */
    readonly include?: readonly string[];
    readonly exclude: readonly string[];
    readonly routers: NamePatterns;
    readonly networks: NamePatterns;
    readonly ovnNetworks: NamePatterns;
  };
  /** Interfaces listed one by one. */
  readonly ports: readonly ListedPort[];
  readonly steering: {
    readonly attach: 'auto' | 'tcx' | 'clsact';
    readonly portsMax: number;
    readonly neighboursMax: number;
    readonly neighboursPerPortMax: number;
    readonly neighbourIdleMs: number;
    readonly flowsMax: number;
    readonly staleAfterMs: number;
    readonly takeOverMs: number;
    readonly drainMs: number;
    readonly onExit: 'release' | 'hold';
  };
  readonly guard: GuardConfig;
  readonly rateLimiting: RateLimiting;
  /** Served nowhere where neither is given. */
  readonly metrics: {
    readonly socket?: string;
    readonly listen?: { readonly host: string; readonly port: number };
    readonly ownerLabel: boolean;
    readonly ownersMax: number;
  };
  readonly metadataHaproxy: {
    readonly timeoutConnectMs: number;
    readonly timeoutClientMs: number;
    readonly timeoutServerMs: number;
    readonly timeoutHttpRequestMs: number;
    readonly timeoutHttpKeepAliveMs: number;
  };
  readonly limits: {
    readonly headSizeBytes: number;
    readonly headerCount: number;
    readonly targetLengthBytes: number;
    readonly bodySizeBytes: number;
    readonly connections: number;
  };
  readonly log: {
    readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error';
    readonly access: 'off' | 'errors' | 'all';
  };
}

/** One worker is enough for several thousand requests a second; more are for nodes with processors to spare. */
function workersFor(processors: number): number {
  return Math.max(1, Math.min(4, Math.floor(processors / 2)));
}

/** Gives the values of a validated file their names, and fills in what is derived from other keys. */
export function configOf(file: ConfigFile): Config {
  const { agent, discovery, steering, metadata_haproxy: haproxy, limits } = file;
  return {
    runDir: file.run_dir,
    namespace: file.namespace,
    netnsDir: file.netns_dir,
    workers: file.workers === 'auto' ? workersFor(availableParallelism()) : file.workers,
    agent: {
      socket: agent.socket,
      generation: agent.generation,
      concurrency: agent.concurrency,
      queueLength: agent.queue_length,
      queueTimeoutMs: agent.queue_timeout,
      retryMs: agent.retry,
      clientMac: agent.client_mac,
      ...(agent.admin_socket === undefined ? {} : { adminSocket: agent.admin_socket }),
    },
    admin: { socket: file.admin.socket ?? join(file.run_dir, 'admin.sock') },
    worker: {
      ...(file.worker.user === undefined ? {} : { user: file.worker.user }),
      sandbox: file.worker.sandbox === 'on',
      heapBytes: file.worker.heap,
    },
    discovery: {
      rescanMs: discovery.rescan,
      ...(discovery.include === undefined ? {} : { include: discovery.include }),
      exclude: discovery.exclude ?? [],
      routers: { namespaces: discovery.router_namespaces, interfaces: discovery.router_interfaces },
      networks: { namespaces: discovery.network_namespaces, interfaces: discovery.network_interfaces },
      ovnNetworks: { namespaces: discovery.ovn_namespaces, interfaces: discovery.ovn_interfaces },
    },
    ports: file.ports,
    steering: {
      attach: steering.attach,
      portsMax: steering.ports_max,
      neighboursMax: steering.neighbours_max,
      // No port has more than there are: a file of before that says less for the node alone stays good.
      neighboursPerPortMax: Math.min(steering.neighbours_per_port_max, steering.neighbours_max),
      neighbourIdleMs: steering.neighbour_idle,
      flowsMax: steering.flows_max,
      staleAfterMs: steering.stale_after,
      takeOverMs: steering.take_over,
      drainMs: steering.drain,
      onExit: steering.on_exit,
    },
    guard: guardOf(file.guard),
    rateLimiting: rateLimitingOf(file.metadata_rate_limiting),
    metadataHaproxy: {
      timeoutConnectMs: haproxy.timeout_connect,
      timeoutClientMs: haproxy.timeout_client,
      timeoutServerMs: haproxy.timeout_server,
      timeoutHttpRequestMs: haproxy.timeout_http_request,
      timeoutHttpKeepAliveMs: haproxy.timeout_http_keep_alive,
    },
    limits: {
      headSizeBytes: limits.head_size,
      headerCount: limits.header_count,
      targetLengthBytes: limits.target_length,
      bodySizeBytes: limits.body_size,
      connections: limits.connections,
    },
    metrics: metricsOf(file.metrics),
    log: { level: file.log.level, access: file.log.access },
  };
}

function metricsOf(metrics: ConfigFile['metrics']): Config['metrics'] {
  return {
    ...metricsPlaces(metrics),
    ownerLabel: metrics.owner_label === 'on',
    ownersMax: metrics.owners_max,
  };
}

function guardOf(guard: ConfigFile['guard']): GuardConfig {
  return {
    sourceRate: guard.source_rate,
    sourceBurst: guard.source_burst,
    sourceConnections: guard.source_connections,
    portRate: guard.port_rate,
    portBurst: guard.port_burst,
    portConnections: guard.port_connections,
    xdp: guard.xdp,
    xdpMode: guard.xdp_mode,
    xdpOn: guard.xdp_on,
    xdpCalmMs: guard.xdp_calm,
  };
}

function rateLimitingOf(limiting: ConfigFile['metadata_rate_limiting']): RateLimiting {
  return {
    enabled: limiting.rate_limit_enabled,
    ipVersions: limiting.ip_versions,
    baseWindowMs: limiting.base_window_duration,
    baseLimit: limiting.base_query_rate_limit,
    burstWindowMs: limiting.burst_window_duration,
    burstLimit: limiting.burst_query_rate_limit,
    countRefused: limiting.count_refused,
  };
}
