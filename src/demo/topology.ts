import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand } from './command.ts';
import { Namespace } from './namespace.ts';
import { type RunDir, removeNamespaces } from './run-dir.ts';

/** The metadata service's IPv6 address; the instance reaches it by the route that radvd advertises (contract.md 1.5). */
const METADATA_IPV6 = 'fe80::a9fe:a9fe';
const LINK_LOCAL_MS = 5_000;
const INTERFACE_NAME_MAX = 15;

export interface RouterSpec {
  readonly uuid: string;
  /** Name of the router interface, `qr-` and the first 11 characters of a port's UUID. */
  readonly interface: string;
  /** With prefix length, as `10.0.0.1/24`. */
  readonly address: string;
  readonly mac?: string;
}

export interface InstanceSpec {
  /** The router interface it is plugged into; each takes one instance. */
  readonly port: RouterPort;
  /** Last part of the namespace's name, which is `ms<pid>-<name>`. */
  readonly name: string;
  /** With prefix length, as `10.0.0.5/24`. */
  readonly address: string;
  readonly gateway: string;
  readonly mac?: string;
}

/** A router interface: one end of a veth pair whose other end waits in the router until an instance takes it. */
export interface RouterPort {
  readonly namespace: Namespace;
  readonly interface: string;
  readonly peer: string;
  readonly mac: string;
}

export interface Router {
  readonly uuid: string;
  readonly namespace: Namespace;
  readonly port: RouterPort;
}

export interface Instance {
  readonly name: string;
  readonly namespace: Namespace;
  readonly interface: 'eth0';
  /** Without prefix length. */
  readonly address: string;
  readonly mac: string;
  /** Absent where the kernel has no IPv6. */
  readonly linkLocal?: string;
}

/**
 * Network namespaces that look like Neutron's routers and their instances, for the demo and the end-to-end tests.
 * Everything made here is on record in the run directory before it exists; `remove()` takes all of it away again.
 */
export class Topology {
  readonly #runDir: RunDir;
  readonly #namespaces: Namespace[] = [];
  readonly #ports: RouterPort[] = [];
  readonly hasIpv6 = existsSync('/proc/sys/net/ipv6');

  constructor(runDir: RunDir) {
    this.#runDir = runDir;
  }

  /** Makes a namespace with `lo` up, in which new interfaces can use their IPv6 addresses at once. */
  async createNamespace(name: string): Promise<Namespace> {
    const namespace = new Namespace(name);
    if (existsSync(namespace.path)) throw new Error(`a namespace ${name} exists already and is not ours`);
    this.#runDir.recordNamespace(name);
    this.#namespaces.push(namespace);
    await runCommand('ip', ['netns', 'add', name]);
    await namespace.ip('link', 'set', 'lo', 'up');
    if (this.hasIpv6) {
      // The kernel skips duplicate address detection only where both `all` and the interface have it off.
      const conf = ['all', 'default'].map((group) => `ipv6/conf/${group}`);
      await namespace.sysctl('0', ...conf.flatMap((group) => [`${group}/disable_ipv6`, `${group}/accept_dad`]));
      // Link-local addresses formed from the MAC by EUI-64, the only ones the agent can resolve (contract.md 2.1).
      await namespace.sysctl('0', 'ipv6/conf/default/addr_gen_mode', 'ipv6/conf/default/accept_ra');
    }
    return namespace;
  }

  /** Makes `qrouter-<uuid>`, with the settings Neutron gives it (contract.md 1.5), and its first interface. */
  async createRouter(spec: RouterSpec): Promise<Router> {
    const namespace = await this.createNamespace(`qrouter-${spec.uuid}`);
    await namespace.sysctl('1', 'ipv4/ip_forward', 'ipv4/conf/all/arp_ignore');
    await namespace.sysctl('2', 'ipv4/conf/all/arp_announce');
    if (this.hasIpv6) await namespace.sysctl('1', 'ipv6/conf/all/forwarding');
    return { uuid: spec.uuid, namespace, port: await this.createRouterPort(namespace, spec) };
  }

  /** Adds an interface to a router. */
  async createRouterPort(namespace: Namespace, spec: Omit<RouterSpec, 'uuid'>): Promise<RouterPort> {
    const name = spec.interface;
    const peer = `to-${name}`.slice(0, INTERFACE_NAME_MAX);
    const mac = spec.mac === undefined ? [] : ['address', spec.mac];
    await namespace.ip('link', 'add', 'name', name, ...mac, 'type', 'veth', 'peer', 'name', peer);
    await namespace.ip('addr', 'add', spec.address, 'dev', name);
    await namespace.ip('link', 'set', name, 'up');
    const port = { namespace, interface: name, peer, mac: (await namespace.link(name)).mac };
    this.#ports.push(port);
    return port;
  }

  /** Makes an instance's namespace and plugs it into a router interface as `eth0`. */
  async createInstance(spec: InstanceSpec): Promise<Instance> {
    const { port } = spec;
    const namespace = await this.createNamespace(`ms${process.pid}-${spec.name}`);
    await port.namespace.ip('link', 'set', port.peer, 'netns', namespace.name, 'name', 'eth0');
    if (spec.mac !== undefined) await namespace.ip('link', 'set', 'eth0', 'address', spec.mac);
    await namespace.ip('addr', 'add', spec.address, 'dev', 'eth0');
    await namespace.ip('link', 'set', 'eth0', 'up');
    await namespace.ip('route', 'add', 'default', 'via', spec.gateway);
    const instance = {
      name: spec.name,
      namespace,
      interface: 'eth0' as const,
      address: spec.address.replace(/\/.*/, ''),
      mac: (await namespace.link('eth0')).mac,
    };
    if (!this.hasIpv6) return instance;
    const router = await linkLocalOf(port.namespace, port.interface);
    const linkLocal = await linkLocalOf(namespace, 'eth0');
    await namespace.ip('-6', 'route', 'add', `${METADATA_IPV6}/128`, 'via', router, 'dev', 'eth0');
    return { ...instance, linkLocal };
  }

  /** Removes everything made here. May be called again, and when only half of it was made. */
  async remove(): Promise<void> {
    for (const port of this.#ports.splice(0)) {
      // A namespace goes away some time after its name does; the links must be gone when this returns.
      await port.namespace.ip('link', 'del', port.interface).catch(() => {});
    }
    await removeNamespaces(this.#namespaces.splice(0).map(({ name }) => name));
  }
}

/** Waits until an interface has a link-local address that is not tentative. */
async function linkLocalOf(namespace: Namespace, name: string): Promise<string> {
  const deadline = Date.now() + LINK_LOCAL_MS;
  for (;;) {
    const [address] = await namespace.linkLocals(name);
    if (address !== undefined) return address;
    if (Date.now() > deadline) throw new Error(`${name} in ${namespace.name} got no IPv6 link-local address`);
    await sleep(20);
  }
}
