/**
 * A laboratory for forged identity: a router with two networks, an isolated network and an OVN network, each a bridge on which
 * several instances are. Needs root. Everything is taken away by `remove`.
 */
import { randomUUID } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { Daemon } from '../../src/demo/daemon.ts';
import type { Namespace } from '../../src/demo/namespace.ts';
import { installNeutronRules } from '../../src/demo/neutron-rules.ts';
import { RunDir, removeLeftovers } from '../../src/demo/run-dir.ts';
import { type Router, type RouterPort, Topology } from '../../src/demo/topology.ts';
import { KeepAliveAgent, reply } from './agents.ts';
import { until } from './node.ts';

/** One network: the interface of its router or DHCP port, and the bridge its instances are on. */
export interface LabNetwork {
  readonly port: RouterPort;
  /** Of the router interface, without prefix length. */
  readonly gateway: { readonly ipv4: string; readonly ipv6: string; readonly linkLocal: string };
  readonly bridge: string;
}

/** An instance's interface on a network. */
export interface Nic {
  readonly namespace: Namespace;
  readonly network: LabNetwork;
  readonly name: string;
  readonly mac: string;
  readonly ipv4: string;
  readonly ipv6: string;
  readonly linkLocal: string;
}

export class IdentityLab {
  readonly runDir: RunDir;
  readonly topology: Topology;
  readonly agent: KeepAliveAgent;
  readonly owners: string[] = [];
  readonly #switch: Namespace;
  #bridges = 0;
  #daemon: Daemon | undefined;
  readonly #undo: (() => Promise<void>)[] = [];

  private constructor(runDir: RunDir, topology: Topology, agent: KeepAliveAgent, switching: Namespace) {
    this.runDir = runDir;
    this.topology = topology;
    this.agent = agent;
    this.#switch = switching;
  }

  static async build(): Promise<IdentityLab> {
    await removeLeftovers();
    const runDir = RunDir.create('test');
    const topology = new Topology(runDir);
    // It answers with whom it takes the client for.
    const agent = await KeepAliveAgent.start(runDir.file('agent.sock'), (request) =>
      reply(`for ${request.values('X-Forwarded-For').at(-1)?.replace('::ffff:', '')}\n`),
    );
    chmodSync(agent.path, 0o666);
    return new IdentityLab(runDir, topology, agent, await topology.createNamespace(`ms${process.pid}-switch`));
  }

  /** A router without interfaces but for its first; `plug` gives it others. */
  async router(prefix: number): Promise<{ readonly router: Router; readonly network: LabNetwork }> {
    const router = await this.topology.createRouter({
      uuid: randomUUID(),
      interface: `qr-${randomUUID().slice(0, 11)}`,
      address: `10.0.${prefix}.1/24`,
    });
    this.owners.push(router.uuid);
    await installNeutronRules(router.namespace, 'IPv4');
    await installNeutronRules(router.namespace, 'IPv6');
    return { router, network: await this.#network(router.port, prefix) };
  }

  /** Another network of a router. */
  async plug(router: Router, prefix: number): Promise<LabNetwork> {
    const spec = { interface: `qr-${randomUUID().slice(0, 11)}`, address: `10.0.${prefix}.1/24` };
    return this.#network(await this.topology.createRouterPort(router.namespace, spec), prefix);
  }

  /** A network whose namespace does not forward, with the metadata addresses on its interface. */
  async isolated(kind: 'qdhcp' | 'ovnmeta', prefix: number): Promise<LabNetwork> {
    const uuid = randomUUID();
    this.owners.push(uuid);
    const namespace = await this.topology.createNamespace(`${kind}-${uuid}`);
    const spec = { interface: `tap${randomUUID().slice(0, 8)}`, address: `10.0.${prefix}.1/24` };
    const port = await this.topology.createRouterPort(namespace, spec);
    await namespace.ip('addr', 'add', '169.254.169.254/32', 'dev', port.interface);
    await namespace.ip('addr', 'add', 'fe80::a9fe:a9fe/64', 'dev', port.interface, 'nodad');
    return this.#network(port, prefix);
  }

  async #network(port: RouterPort, prefix: number): Promise<LabNetwork> {
    this.#bridges += 1;
    const bridge = `br${this.#bridges}`;
    const ipv6 = `2001:db8:${prefix}::1`;
    await port.namespace.ip('addr', 'add', `${ipv6}/64`, 'dev', port.interface, 'nodad');
    await this.#switch.ip('link', 'add', bridge, 'type', 'bridge');
    await this.#switch.ip('link', 'set', bridge, 'up');
    await port.namespace.ip('link', 'set', port.peer, 'netns', this.#switch.name, 'name', `p-${bridge}`);
    await this.#switch.ip('link', 'set', `p-${bridge}`, 'master', bridge, 'up');
    const all = await port.namespace.linkLocals(port.interface);
    const linkLocal = all.find((address) => address !== 'fe80::a9fe:a9fe') ?? '';
    return { port, gateway: { ipv4: `10.0.${prefix}.1`, ipv6, linkLocal }, bridge };
  }

  async instance(name: string): Promise<Namespace> {
    return this.topology.createNamespace(`ms${process.pid}-${name}`);
  }

  /**
   * A router of another node, with an interface in the same network that has the same MAC, as the backup of an HA pair: it has no
   * address, and says nothing. Its owner has another name, because all namespaces are of one machine here.
   */
  async backup({ port, bridge }: LabNetwork): Promise<Router> {
    const spec = { interface: `qr-${randomUUID().slice(0, 11)}`, address: '192.0.2.1/32', mac: port.mac };
    const router = await this.topology.createRouter({ uuid: randomUUID(), ...spec });
    this.owners.push(router.uuid);
    await router.namespace.sysctl('1', `ipv6/conf/${router.port.interface}/disable_ipv6`);
    await router.namespace.ip('addr', 'flush', 'dev', router.port.interface);
    this.#bridges += 1;
    const peer = `p-br${this.#bridges}`;
    await router.namespace.ip('link', 'set', router.port.peer, 'netns', this.#switch.name, 'name', peer);
    await this.#switch.ip('link', 'set', peer, 'master', bridge, 'up');
    return router;
  }

  /** The node of a network's first router has gone: its wire is dead, and the switch forgets what it learned by it. */
  async cut({ bridge }: LabNetwork): Promise<void> {
    await this.#switch.ip('link', 'set', `p-${bridge}`, 'down');
  }

  async reconnect({ bridge }: LabNetwork): Promise<void> {
    await this.#switch.ip('link', 'set', `p-${bridge}`, 'up');
  }

  /**
   * Plugs an instance into a network; its first interface has the routes that DHCP and router advertisements give.
   *
   * @param mac one of the kernel's choice unless given
   */
  async nic(
    namespace: Namespace,
    network: LabNetwork,
    name: string,
    host: number,
    { routes = true, mac }: { readonly routes?: boolean; readonly mac?: string } = {},
  ): Promise<Nic> {
    const peer = `${network.bridge}-${host}`;
    const veth = ['type', 'veth', 'peer', 'name', name, ...(mac === undefined ? [] : ['address', mac])];
    await this.#switch.ip('link', 'add', peer, ...veth, 'netns', namespace.name);
    await this.#switch.ip('link', 'set', peer, 'master', network.bridge, 'up');
    const ipv4 = network.gateway.ipv4.replace(/\d+$/, String(host));
    const ipv6 = network.gateway.ipv6.replace(/1$/, host.toString(16));
    await namespace.ip('addr', 'add', `${ipv4}/24`, 'dev', name);
    await namespace.ip('link', 'set', name, 'up');
    await namespace.ip('addr', 'add', `${ipv6}/64`, 'dev', name, 'nodad');
    if (routes) {
      await namespace.ip('route', 'add', '169.254.169.254/32', 'via', network.gateway.ipv4);
      await namespace.ip('-6', 'route', 'add', 'fe80::a9fe:a9fe/128', 'via', network.gateway.linkLocal, 'dev', name);
    }
    const [linkLocal = ''] = await namespace.linkLocals(name);
    return { namespace, network, name, mac: (await namespace.link(name)).mac, ipv4, ipv6, linkLocal };
  }

  async steer(ports: number, settings: Readonly<Record<string, unknown>> = {}): Promise<Daemon> {
    const { runDir, agent, owners } = this;
    // A bridge forwards nothing from a new port for up to a second.
    const isForwarding = async () => !/state (disabled|listening|learning|blocking)/.test(await this.#wires());
    await until('the switch forwards', isForwarding);
    this.#daemon = new Daemon({ runDir, agentSocket: agent.path, routers: owners, settings });
    await this.#daemon.untilSteering(ports, new AbortController().signal);
    return this.#daemon;
  }

  async #wires(): Promise<string> {
    return this.#switch.run('bridge', ['link', 'show']);
  }

  /** Notes something to take away before the namespaces. */
  undo(action: () => Promise<void>): void {
    this.#undo.push(action);
  }

  async remove(): Promise<void> {
    const stopped = (await this.#daemon?.stop()) ?? true;
    for (const action of this.#undo.splice(0)) await action();
    await this.agent.stop();
    await this.topology.remove();
    this.runDir.remove();
    if (!stopped) throw new Error('the daemon had to be killed');
  }
}

/** What an instance gets over IPv4 or IPv6, and how long it took in seconds; its own address unless given. */
export async function ask(
  nic: Nic,
  base: 'ipv4' | 'ipv6',
  source?: string,
): Promise<{ readonly body: string; readonly seconds: number }> {
  const url = base === 'ipv4' ? 'http://169.254.169.254/' : `http://[fe80::a9fe:a9fe%25${nic.name}]/`;
  const from = source === undefined ? [] : ['--interface', `host!${source}`];
  const args = ['-sg', '--max-time', '8', '-w', '%{time_total}', ...from, url];
  const { stdout } = await nic.namespace.try('curl', args);
  const lines = stdout.split('\n');
  return { seconds: Number(lines.pop()), body: lines.join('\n') };
}

/** Writes a permanent entry into the neighbour table of a network's router. */
export async function pin({ network, mac }: Nic, address: string): Promise<void> {
  await network.port.namespace.ip(
    'neigh',
    'replace',
    address,
    'lladdr',
    mac,
    'dev',
    network.port.interface,
    'nud',
    'permanent',
  );
}
