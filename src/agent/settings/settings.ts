import { metricsPlaces } from '../../config/metrics-keys.ts';
import type { AgentFile } from './schema.ts';
import type { Secret } from './secret.ts';
import type { Secrets } from './secrets.ts';

/** Files for TLS; absent ones are Node's defaults, or nothing. */
export interface TlsFiles {
  readonly caFile?: string;
  readonly clientCert?: string;
  readonly clientKey?: string;
  /** Whether the server's certificate is not checked. */
  readonly insecure: boolean;
}

export interface NovaSettings extends TlsFiles {
  /** Scheme, host and port of each. */
  readonly addresses: readonly string[];
  readonly sharedSecret: Secret;
  readonly connections: number;
  readonly queueLength: number;
  readonly timeoutConnectMs: number;
  readonly timeoutMs: number;
}

export interface ResolverSettings {
  readonly source: 'neutron' | 'inventory';
  readonly ttlMs: number;
  readonly negativeTtlMs: number;
  readonly entriesMax: number;
  readonly lookupsMax: number;
  readonly timeoutMs: number;
}

export interface NeutronSettings extends TlsFiles {
  readonly url?: string;
  readonly region?: string;
  readonly interface: 'internal' | 'public' | 'admin';
  readonly connections: number;
  readonly timeoutMs: number;
}

export interface KeystoneSettings extends TlsFiles {
  /** There whenever the source is Neutron. */
  readonly url?: string;
  readonly username?: string;
  readonly userDomain: string;
  readonly project?: string;
  readonly projectDomain: string;
  readonly applicationCredentialId?: string;
  readonly applicationCredentialName?: string;
  /** The credential's secret where there is a credential, else the user's password; there whenever the source is Neutron. */
  readonly secret?: Secret;
  readonly timeoutMs: number;
}

export interface ResponseCacheSettings {
  readonly enabled: boolean;
  readonly ttlMs: number;
  readonly entries: number;
  readonly bytes: number;
}

/** The settings as the agent uses them. Times in milliseconds, sizes in bytes; meanings are in `schema.ts`. */
export interface AgentSettings {
  readonly socket: {
    readonly path: string;
    readonly mode: number;
    /** Name or number. */
    readonly owner?: string;
    readonly group?: string;
    readonly backlog: number;
  };
  readonly connections: number;
  readonly drainMs: number;
  readonly nova: NovaSettings;
  readonly resolver: ResolverSettings;
  readonly neutron: NeutronSettings;
  readonly keystone: KeystoneSettings;
  readonly inventory: { readonly file?: string };
  readonly responseCache: ResponseCacheSettings;
  readonly limits: { readonly headBytes: number; readonly bodyBytes: number };
  readonly admin: { readonly socket: string };
  /** Served nowhere where neither is given. */
  readonly metrics: {
    readonly socket?: string;
    readonly listen?: { readonly host: string; readonly port: number };
  };
  readonly log: {
    readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error';
    readonly access: 'off' | 'errors' | 'all';
  };
}

/** Gives the values of a validated file their names. */
export function settingsOf(file: AgentFile, secrets: Secrets): AgentSettings {
  const { nova, resolver, neutron, response_cache: cache, limits } = file;
  return {
    socket: {
      path: file.socket,
      mode: file.socket_mode,
      ...present({ owner: file.socket_owner, group: file.socket_group }),
      backlog: file.backlog,
    },
    connections: file.connections,
    drainMs: file.drain,
    nova: {
      addresses: nova.addresses,
      sharedSecret: secrets.shared,
      ...tlsOf(nova),
      connections: nova.connections,
      queueLength: nova.queue_length,
      timeoutConnectMs: nova.timeout_connect,
      timeoutMs: nova.timeout,
    },
    resolver: {
      source: resolver.source,
      ttlMs: resolver.ttl,
      negativeTtlMs: resolver.negative_ttl,
      entriesMax: resolver.entries_max,
      lookupsMax: resolver.lookups_max,
      timeoutMs: resolver.timeout,
    },
    neutron: {
      ...present({ url: neutron.url, region: neutron.region }),
      interface: neutron.interface,
      ...tlsOf(neutron),
      connections: neutron.connections,
      timeoutMs: neutron.timeout,
    },
    keystone: keystoneOf(file, secrets),
    inventory: present({ file: file.inventory.file }),
    responseCache: { enabled: cache.enabled, ttlMs: cache.ttl, entries: cache.entries, bytes: cache.bytes },
    limits: { headBytes: limits.head_size, bodyBytes: limits.body_size },
    admin: { socket: file.admin.socket },
    metrics: metricsPlaces(file.metrics),
    log: { level: file.log.level, access: file.log.access },
  };
}

function keystoneOf({ keystone }: AgentFile, secrets: Secrets): KeystoneSettings {
  return {
    ...present({
      url: keystone.url,
      username: keystone.username,
      project: keystone.project,
      applicationCredentialId: keystone.application_credential_id,
      applicationCredentialName: keystone.application_credential_name,
      secret: secrets.keystone,
    }),
    userDomain: keystone.user_domain,
    projectDomain: keystone.project_domain,
    ...tlsOf(keystone),
    timeoutMs: keystone.timeout,
  };
}

function tlsOf(section: AgentFile['nova'] | AgentFile['neutron'] | AgentFile['keystone']): TlsFiles {
  return {
    ...present({ caFile: section.ca_file, clientCert: section.client_cert, clientKey: section.client_key }),
    insecure: section.insecure,
  };
}

/** Without what is undefined: an absent setting is no key at all. */
function present<T extends Readonly<Record<string, unknown>>>(
  values: T,
): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]?: Exclude<T[Key], undefined>;
  };
}
