import * as z from 'zod';
import { type ClientAddress, isLinkLocal, parseClientAddress } from '../identity/client-address.ts';
import { type MacAddress, macOfLinkLocal, parseMacAddress } from '../identity/mac-address.ts';
import { covers, parseRange } from './address-range.ts';
import { isProjectId, parseInstanceId } from './instance-id.ts';
import { NeutronApi, type NeutronApiOptions, notAskedFor } from './neutron-api.ts';
import { RouterNetworks } from './router-networks.ts';
import { type Asker, type Instance, type InstanceSource, SourceError } from './source.ts';

export interface NeutronSourceOptions extends NeutronApiOptions {
  /** How long the networks of a router are remembered; the resolver's TTL. Default 10 s. */
  readonly networksTtlMs?: number;
}

/** What a port must have to be listed. */
interface Wanted {
  readonly address?: ClientAddress;
  readonly mac?: MacAddress;
  /** `device_id`. */
  readonly device?: string;
}

const NETWORKS_TTL_MS = 10_000;
/**
 * Networks of one request. With them its line has about 3.3 KB: below the 8 KB of web servers, and with the token below the
 * smallest buffers for all headers that Neutron is run with.
 */
const NETWORKS_PER_REQUEST = 64;

const FIELDS = [
  'network_id',
  'device_id',
  'device_owner',
  'project_id',
  'tenant_id',
  'mac_address',
  'fixed_ips',
  'allowed_address_pairs',
] as const;

const portSchema = z.object({
  network_id: z.string(),
  device_id: z.string(),
  device_owner: z.string(),
  mac_address: z.string(),
  fixed_ips: z.array(z.object({ ip_address: z.string() })),
  // Missing where the extension is not loaded.
  allowed_address_pairs: z
    .array(z.object({ ip_address: z.string(), mac_address: z.string().nullish() }))
    .nullish()
    .transform((pairs) => pairs ?? []),
  // Older releases have only tenant_id.
  project_id: z.string().nullish(),
  tenant_id: z.string().nullish(),
});

type Port = z.output<typeof portSchema>;

/** Ports, and the networks they were looked for on. */
interface Listed {
  readonly ports: readonly Port[];
  readonly networks: readonly string[];
}

/** Instances by Neutron's API: the questions that Neutron's own agent asks over RPC (contract.md 2.2). */
export class NeutronSource implements InstanceSource {
  readonly #api: NeutronApi;
  readonly #networks: RouterNetworks;

  /**
   * @throws {TypeError} when the URL is not one of HTTP
   * @throws {MetasteerError} `tls-files`
   */
  constructor(options: NeutronSourceOptions) {
    this.#api = new NeutronApi(options);
    const { networksTtlMs: ttlMs = NETWORKS_TTL_MS, now = () => performance.now() } = options;
    this.#networks = new RouterNetworks({ api: this.#api, ttlMs, now });
  }

  async find(asker: Asker, signal: AbortSignal): Promise<readonly Instance[]> {
    const wanted = wantedOf(asker.address);
    if (wanted === undefined) return [];
    const { ports, networks } = await this.#listed(asker.owner, wanted, signal);
    const instances = instancesOf(ports, asker.address);
    const [only] = instances;
    if (only === undefined || instances.length > 1) return instances;
    if (asker.mac === undefined || only.macs?.includes(asker.mac)) return instances;
    return [await this.#withOtherMacs(only, asker.address, networks, signal)];
  }

  async #listed({ kind, id }: Asker['owner'], wanted: Wanted, signal: AbortSignal): Promise<Listed> {
    const on = async (networks: readonly string[]) => ({
      ports: await this.#portsOn(networks, wanted, signal),
      networks,
    });
    if (kind !== 'router') return on([id]);
    const known = await this.#networks.of(id, signal);
    const listed = await on(known.ids);
    if (listed.ports.length === 1) return listed;
    // Not one: the networks may have changed since they were asked for.
    const fresh = await this.#networks.freshOf(id, signal);
    return fresh.ids.join() === known.ids.join() ? listed : on(fresh.ids);
  }

  /**
   * An instance that has several ports may ask by one with the address of another. `device_id` can be set by tenants, so ports
   * of other projects do not count.
   */
  async #withOtherMacs(
    instance: Instance,
    address: ClientAddress,
    networks: readonly string[],
    signal: AbortSignal,
  ): Promise<Instance> {
    const ports = await this.#portsOn(networks, { device: instance.instanceId }, signal);
    const own = ports.filter((port) => isOfInstance(port) && projectOf(port) === instance.projectId);
    const macs = new Set([...(instance.macs ?? []), ...own.flatMap((port) => macsOf(port, address))]);
    return { ...instance, macs: [...macs] };
  }

  forget({ owner }: Asker): void {
    if (owner.kind === 'router') this.#networks.forget(owner.id);
  }

  async close(): Promise<void> {
    await this.#api.close();
  }

  /** No network means no port. Neutron would read a question without networks as one about all of them. */
  async #portsOn(networks: readonly string[], wanted: Wanted, signal: AbortSignal): Promise<readonly Port[]> {
    const parts: string[][] = [];
    for (let start = 0; start < networks.length; start += NETWORKS_PER_REQUEST) {
      parts.push(networks.slice(start, start + NETWORKS_PER_REQUEST));
    }
    // Where one part fails, the others are of no use any more.
    const enough = new AbortController();
    const either = AbortSignal.any([signal, enough.signal]);
    try {
      return (await Promise.all(parts.map((part) => this.#portsOnSome(part, wanted, either)))).flat();
    } finally {
      enough.abort();
    }
  }

  async #portsOnSome(networks: readonly string[], wanted: Wanted, signal: AbortSignal): Promise<readonly Port[]> {
    const filters = [...networks.map((network) => ['network_id', network] as const), ...filtersOf(wanted)];
    const ports = await this.#api.ports({ filters, fields: FIELDS, row: portSchema }, signal);
    if (ports.every((port) => isWanted(port, networks, wanted))) return ports;
    throw notAskedFor();
  }
}

/** A link-local address is not in Neutron's database, but the MAC it was formed from is. Undefined: nobody can be meant. */
function wantedOf(address: ClientAddress): Wanted | undefined {
  if (!isLinkLocal(address)) return { address };
  const mac = macOfLinkLocal(address);
  return mac === undefined ? undefined : { mac };
}

function filtersOf({ address, mac, device }: Wanted): (readonly [string, string])[] {
  return [
    ...(address === undefined ? [] : [['fixed_ips', `ip_address=${address}`] as const]),
    ...(mac === undefined ? [] : [['mac_address', mac] as const]),
    ...(device === undefined ? [] : [['device_id', device] as const]),
  ];
}

function isWanted(port: Port, networks: readonly string[], { address, mac, device }: Wanted): boolean {
  return (
    networks.includes(port.network_id) &&
    (mac === undefined || parseMacAddress(port.mac_address) === mac) &&
    (device === undefined || parseInstanceId(port.device_id) === device) &&
    (address === undefined || port.fixed_ips.some((ip) => parseClientAddress(ip.ip_address) === address))
  );
}

/**
 * Ports as instances. Several stay several whatever they are, as for Neutron's agent; a single one that belongs to no
 * instance (a router's, a DHCP server's, one that is not plugged) is none.
 *
 * @throws {SourceError} when an instance has no project
 */
function instancesOf(ports: readonly Port[], address: ClientAddress): readonly Instance[] {
  const [only] = ports;
  if (ports.length === 1 && only !== undefined && !isOfInstance(only)) return [];
  return ports.map((port) => {
    const projectId = projectOf(port);
    if (ports.length === 1 && !isProjectId(projectId)) throw new SourceError('Neutron lists a port without a project');
    const instanceId = parseInstanceId(port.device_id) ?? port.device_id;
    return { instanceId, projectId, macs: macsOf(port, address) };
  });
}

/** MACs with which a port may use an address: its own, and those of its allowed address pairs that name the address. */
function macsOf({ mac_address: own, allowed_address_pairs: pairs }: Port, address: ClientAddress): MacAddress[] {
  const ofPairs = pairs.filter(({ ip_address }) => {
    const range = parseRange(ip_address);
    return range !== undefined && covers(range, address);
  });
  // A pair without a MAC has the port's.
  return [own, ...ofPairs.map((pair) => pair.mac_address ?? own)].flatMap((text) => parseMacAddress(text) ?? []);
}

function projectOf({ project_id, tenant_id }: Port): string {
  return project_id || tenant_id || '';
}

function isOfInstance(port: Port): boolean {
  return parseInstanceId(port.device_id) !== undefined && !/^(?:network|neutron):/.test(port.device_owner);
}
