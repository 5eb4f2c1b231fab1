// Needs root: network namespaces, BPF and packet sockets. What moves is served: a router’s address to another node, an instance, an address.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Daemon } from '../../src/demo/daemon.ts';
import type { Router } from '../../src/demo/topology.ts';
import { announce, synsSentAgain } from '../kit/announce.ts';
import { ask, IdentityLab, type LabNetwork, type Nic } from '../kit/identity-lab.ts';
import { needsRoot, until } from '../kit/node.ts';

const KINDS = ['ipv4', 'ipv6', 'global'] as const;
type Kind = (typeof KINDS)[number];

/** Everything an instance may ask by; each costs it one SYN sent again at most. */
async function isServed(lab: IdentityLab, nic: Nic, owner: string, kinds: readonly Kind[] = KINDS): Promise<void> {
  for (const kind of kinds) {
    const before = await synsSentAgain(nic.namespace);
    const asked = lab.agent.received.length;
    const source = { ipv4: nic.ipv4, ipv6: nic.linkLocal, global: nic.ipv6 }[kind];
    const { body } = kind === 'global' ? await ask(nic, 'ipv6', nic.ipv6) : await ask(nic, kind);
    assert.equal(body, `for ${source}`);
    const again = (await synsSentAgain(nic.namespace)) - before;
    assert.ok(again <= 1, `${again} SYNs sent again, ${kind}`);
    const [request] = lab.agent.received.slice(asked);
    assert.deepEqual(request?.values('X-Neutron-Router-ID'), [owner]);
  }
}

/** It knows its gateway from before, so it asks nobody for it: as what has moved with its memory does. */
async function knowsGateway({ namespace, network, name }: Nic): Promise<void> {
  const { ipv4, linkLocal } = network.gateway;
  for (const address of [ipv4, linkLocal])
    await namespace.ip('neigh', 'replace', address, 'lladdr', network.port.mac, 'dev', name, 'nud', 'permanent');
}

async function steersAt(daemon: Daemon, { port }: Pick<Router, 'port'>): Promise<void> {
  await until('it is steered there alone', async () => {
    const { ports } = await daemon.status();
    return ports.length === 1 && ports[0]?.interface === port.interface && ports[0].state === 'steering';
  });
}

describe('the address of a router', needsRoot, () => {
  let lab: IdentityLab;
  let network: LabNetwork;
  let first: Router;
  let second: Router;
  let nic: Nic;
  let daemon: Daemon;

  before(async () => {
    lab = await IdentityLab.build();
    ({ router: first, network } = await lab.router(1));
    second = await lab.backup(network);
    await announce(first.namespace, first.port.interface, first.port.mac, network.gateway.ipv4);
    nic = await lab.nic(await lab.instance('instance'), network, 'eth0', 5);
    await knowsGateway(nic);
    daemon = await lab.steer(1);
  });
  after(() => lab.remove());

  async function become({ namespace, port }: Router, what: 'primary' | 'backup'): Promise<void> {
    const { ipv4, ipv6, linkLocal } = network.gateway;
    // A backup must not say anything from the MAC that both have.
    const disabled = `ipv6/conf/${port.interface}/disable_ipv6`;
    if (what === 'backup') {
      await namespace.sysctl('1', disabled);
      await namespace.ip('addr', 'flush', 'dev', port.interface);
      return;
    }
    await namespace.sysctl('0', disabled);
    await namespace.ip('addr', 'add', `${ipv4}/24`, 'dev', port.interface);
    for (const address of [ipv6, linkLocal])
      await namespace.ip('addr', 'replace', `${address}/64`, 'dev', port.interface, 'nodad');
  }

  it('is served where it is', () => isServed(lab, nic, first.uuid));

  it('moves to another node, which says so by a gratuitous ARP as keepalived does', async () => {
    await become(first, 'backup');
    await become(second, 'primary');
    await announce(second.namespace, second.port.interface, second.port.mac, network.gateway.ipv4);
    await steersAt(daemon, second);
    await isServed(lab, nic, second.uuid);
  });

  it('moves back', async () => {
    await become(second, 'backup');
    await become(first, 'primary');
    await announce(first.namespace, first.port.interface, first.port.mac, network.gateway.ipv4);
    await steersAt(daemon, first);
    await isServed(lab, nic, first.uuid);
  });

  it('moves when its node has died, and nobody says anything', async () => {
    await lab.cut(network);
    await become(first, 'backup');
    await become(second, 'primary');
    await steersAt(daemon, second);
    await isServed(lab, nic, second.uuid);
  });

  it('moves to a node that knows nobody, while the instance asks all the time', async () => {
    await lab.reconnect(network);
    await become(second, 'backup');
    await first.namespace.ip('neigh', 'flush', 'dev', first.port.interface);
    await become(first, 'primary');
    await announce(first.namespace, first.port.interface, first.port.mac, network.gateway.ipv4);
    await steersAt(daemon, first);
    for (let times = 0; times < 5; times += 1) await isServed(lab, nic, first.uuid);
  });
});

describe('an instance', needsRoot, () => {
  let lab: IdentityLab;
  let network: LabNetwork;
  let router: Router;
  let nic: Nic;
  let made = 0;

  before(async () => {
    lab = await IdentityLab.build();
    ({ router, network } = await lab.router(1));
    nic = await lab.nic(await lab.instance('instance'), network, 'eth0', 5);
    await lab.steer(1);
    await isServed(lab, nic, router.uuid);
  });
  after(() => lab.remove());

  /** The one before has gone, and another is where its address was: by the same MAC, or one of its own. */
  async function successor(mac?: string): Promise<void> {
    await nic.namespace.ip('link', 'del', 'eth0');
    made += 1;
    nic = await lab.nic(await lab.instance(`successor${made}`), network, 'eth0', 5, mac === undefined ? {} : { mac });
  }

  it('that migrates with its memory is served, though nobody says that it has moved', async () => {
    await successor(nic.mac);
    await knowsGateway(nic);
    await isServed(lab, nic, router.uuid);
  });

  it('that migrates is served when the router has forgotten it, too', async () => {
    await successor(nic.mac);
    await knowsGateway(nic);
    await router.namespace.ip('neigh', 'flush', 'dev', router.port.interface);
    await isServed(lab, nic, router.uuid);
  });

  it('that is new at an address is served when it says so by a gratuitous ARP', async () => {
    const former = nic.mac;
    await successor();
    assert.notEqual(nic.mac, former);
    await knowsGateway(nic);
    for (const address of [nic.ipv4, nic.ipv6]) await announce(nic.namespace, 'eth0', nic.mac, address);
    await isServed(lab, nic, router.uuid);
  });

  // Over IPv6 it asks with its link-local address, so the router hears of no other.
  it('that is new at an address is served when it asks for its gateway alone', async () => {
    await successor();
    await isServed(lab, nic, router.uuid, ['ipv4', 'ipv6']);
  });

  it('that is new at an address and says nothing is served when the router has given the one before up', async () => {
    // What it has just heard of it believes for some 30 s, also for haproxy.
    for (const address of [nic.ipv4, nic.ipv6])
      await router.namespace.ip(
        ...['neigh', 'replace', address, 'lladdr', nic.mac],
        ...['dev', router.port.interface, 'nud', 'stale'],
      );
    // What the router itself would reply to what is passed makes the kernel doubt it, too.
    for (const iptables of ['iptables', 'ip6tables'])
      await router.namespace.run(iptables, ['-I', 'OUTPUT', '-p', 'tcp', '--tcp-flags', 'RST', 'RST', '-j', 'DROP']);
    await successor();
    await knowsGateway(nic);
    // The kernel doubts it for 5 s, and then asks three times, a second apart. Over IPv4 and IPv6 together.
    await Promise.all(
      (['ipv4', 'ipv6'] as const).map((base) =>
        until(`${base} is served`, async () => (await ask(nic, base, nic[base])).body === `for ${nic[base]}`, 25_000),
      ),
    );
  });

  it('that is new at an address is served when the router had given the one before up', async () => {
    for (const address of [nic.ipv4, nic.ipv6])
      await router.namespace.ip('neigh', 'replace', address, 'dev', router.port.interface, 'nud', 'failed');
    await successor();
    await knowsGateway(nic);
    await isServed(lab, nic, router.uuid);
  });
});
