/** What the agent answers to `GET /v1/status` on its admin socket, and `metasteer agent-status --json` prints. */
export interface AgentStatusDocument {
  readonly agent: {
    readonly pid: number;
    readonly version: string;
    readonly uptime_seconds: number;
    readonly socket: string;
    /** Connections of proxies, and requests being served, now. */
    readonly connections: number;
    readonly requests_open: number;
    /** Routers and networks it answers for, those of this node; null where no daemon says which: for all. */
    readonly owners: number | null;
  };
  readonly requests: {
    readonly total: number;
    /** By status of the response; 0: none. */
    readonly by_status: Readonly<Record<string, number>>;
    /** Those that did not end with nova's reply, by reason of docs/agent.md. */
    readonly by_reason: Readonly<Record<string, number>>;
  };
  readonly resolver: {
    readonly source: 'neutron' | 'inventory';
    readonly counters: Readonly<Record<string, number>>;
  };
  readonly nova: {
    readonly requests_open: number;
    readonly queued: number;
    readonly addresses: readonly NovaAddressDocument[];
  };
  readonly response_cache: {
    readonly enabled: boolean;
    readonly hits: number;
    readonly entries: number;
    readonly bytes: number;
  };
}

export interface NovaAddressDocument {
  readonly url: string;
  /** `aside`: it could not be connected to, and is not asked for a while. */
  readonly state: 'unknown' | 'answering' | 'aside';
  readonly requests: number;
  readonly connect_failures: number;
  /** Why connecting failed last; null while it answers. */
  readonly last_error: string | null;
}
