/** How a router interface and an instance are joined. Needs root. */
import { runCommand } from '../../src/demo/command.ts';
import type { Namespace } from '../../src/demo/namespace.ts';

export type WiringName = 'veth' | 'bridge' | 'ovs';

/** What is to be joined: afterwards the router has the interface, and the instance `eth0`; both are still down. */
export interface Plug {
  readonly router: Namespace;
  /** Name of the router interface. */
  readonly interface: string;
  readonly routerMac: string;
  readonly instance: Namespace;
  readonly instanceMac: string;
  /** Number of the network, from 1. */
  readonly network: number;
}

export interface Wiring {
  readonly name: WiringName;
  join(plug: Plug): Promise<void>;
  /** Deletes the router interface from the switch's side, as Neutron does. */
  deleteRouterInterface(plug: Plug): Promise<void>;
  /** MACs the switch knows, in whatever text it shows them. */
  learned(): Promise<string>;
  /** Takes everything away; to be called before the namespaces go. */
  remove(): Promise<void>;
}

/** What Neutron gives a network that is tunnelled through VXLAN over links of 1500 bytes. */
export const MTU = 1450;

/** One veth pair from router to instance. */
export class VethWiring implements Wiring {
  readonly name = 'veth';
  readonly #plugs: Plug[] = [];

  async join(plug: Plug): Promise<void> {
    this.#plugs.push(plug);
    const { router, instance, routerMac, instanceMac } = plug;
    await router.ip(
      ...['link', 'add', 'name', plug.interface, 'mtu', `${MTU}`, 'address', routerMac, 'type', 'veth'],
      ...['peer', 'name', 'eth0', 'mtu', `${MTU}`, 'address', instanceMac, 'netns', instance.name],
    );
  }

  async deleteRouterInterface({ instance }: Plug): Promise<void> {
    await instance.ip('link', 'del', 'eth0');
  }

  async learned(): Promise<string> {
    return '';
  }

  async remove(): Promise<void> {
    for (const { instance } of this.#plugs.splice(0)) await instance.ip('link', 'del', 'eth0').catch(() => {});
  }
}

/** A Linux bridge for each network with the router's and the instance's veth on it, as ML2/linuxbridge makes them. */
export class BridgeWiring implements Wiring {
  readonly name = 'bridge';
  readonly #host: Namespace;
  readonly #networks: number[] = [];

  /** @param host where the bridges are */
  constructor(host: Namespace) {
    this.#host = host;
  }

  async join(plug: Plug): Promise<void> {
    const { network } = plug;
    const bridge = `brq${network}`;
    this.#networks.push(network);
    // A bridge of Neutron has no address of its own.
    const settings = ['all', 'default'].map((group) => `ipv6/conf/${group}/disable_ipv6`);
    await this.#host.sysctl('1', ...settings);
    await this.#host.ip('link', 'add', 'name', bridge, 'mtu', `${MTU}`, 'type', 'bridge', 'forward_delay', '0');
    await this.#host.ip('link', 'set', bridge, 'up');
    for (const [tap, name, mac, namespace] of [
      [routerTap(network), plug.interface, plug.routerMac, plug.router],
      [tapOf(network), 'eth0', plug.instanceMac, plug.instance],
    ] as const) {
      await this.#host.ip(
        ...['link', 'add', 'name', tap, 'mtu', `${MTU}`, 'type', 'veth'],
        ...['peer', 'name', name, 'mtu', `${MTU}`, 'address', mac, 'netns', namespace.name],
      );
      await this.#host.ip('link', 'set', tap, 'master', bridge, 'up');
    }
  }

  async deleteRouterInterface({ network }: Plug): Promise<void> {
    await this.#host.ip('link', 'del', routerTap(network));
  }

  learned(): Promise<string> {
    return this.#host.run('bridge', ['fdb', 'show']);
  }

  async remove(): Promise<void> {
    for (const network of this.#networks.splice(0)) {
      for (const name of [routerTap(network), tapOf(network), `brq${network}`])
        await this.#host.ip('link', 'del', name).catch(() => {});
    }
  }
}

/**
 * Open vSwitch as ML2/OVS uses it: one bridge, the router interface an internal port that is moved into the router's
 * namespace, the instance's veth a port beside it, both with the network's local VLAN tag. In the root namespace, where
 * ovs-vswitchd runs.
 */
export class OvsWiring implements Wiring {
  readonly name = 'ovs';
  readonly #taps: string[] = [];

  async join(plug: Plug): Promise<void> {
    const { network, interface: name } = plug;
    const tap = tapOf(network);
    if (this.#taps.length === 0) {
      await vsctl('add-br', 'br-int', '--', 'set-fail-mode', 'br-int', 'secure');
      await runCommand('ovs-ofctl', ['add-flow', 'br-int', 'priority=0,actions=NORMAL']);
    }
    this.#taps.push(tap);
    await runCommand('ip', [
      ...['link', 'add', 'name', tap, 'mtu', `${MTU}`, 'type', 'veth'],
      ...['peer', 'name', 'eth0', 'mtu', `${MTU}`, 'address', plug.instanceMac, 'netns', plug.instance.name],
    ]);
    await runCommand('sysctl', ['-qw', `net.ipv6.conf.${tap}.disable_ipv6=1`]);
    await vsctl('add-port', 'br-int', tap, `tag=${network}`);
    await runCommand('ip', ['link', 'set', tap, 'up']);
    // The L3 agent plugs it with the tag of dead ports; the switch agent sets the network's later.
    const internal = ['type=internal', `external_ids:attached-mac="${plug.routerMac}"`];
    await vsctl('add-port', 'br-int', name, 'tag=4095', '--', 'set', 'Interface', name, ...internal);
    await runCommand('ip', ['link', 'set', name, 'address', plug.routerMac]);
    await runCommand('ip', ['link', 'set', name, 'netns', plug.router.name]);
    await plug.router.ip('link', 'set', name, 'mtu', `${MTU}`);
    await vsctl('set', 'Port', name, `tag=${network}`);
  }

  async deleteRouterInterface({ interface: name }: Plug): Promise<void> {
    await vsctl('del-port', 'br-int', name);
  }

  learned(): Promise<string> {
    return runCommand('ovs-appctl', ['fdb/show', 'br-int']);
  }

  async remove(): Promise<void> {
    await vsctl('--if-exists', 'del-br', 'br-int');
    for (const tap of this.#taps.splice(0)) await runCommand('ip', ['link', 'del', tap]).catch(() => {});
  }
}

/** Longer than ovs-vswitchd takes under emulation to delete a port that has traffic. */
const VSCTL_MS = 60_000;

async function vsctl(...args: readonly string[]): Promise<void> {
  await runCommand('ovs-vsctl', args, { timeoutMs: VSCTL_MS });
}

function tapOf(network: number): string {
  return `tap-instance${network}`;
}

function routerTap(network: number): string {
  return `tap-router${network}`;
}
