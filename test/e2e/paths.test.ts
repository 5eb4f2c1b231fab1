// Needs root: network namespaces and BPF; haproxy for what is compared with it. Whom haproxy serves by the router's routes is served.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Daemon } from '../../src/demo/daemon.ts';
import type { Router } from '../../src/demo/topology.ts';
import { announce } from '../kit/announce.ts';
import { NeutronHaproxy } from '../kit/haproxy.ts';
import { ask, IdentityLab, type LabNetwork, type Nic } from '../kit/identity-lab.ts';
import { isRoot } from '../kit/node.ts';
import { unlessThere } from '../kit/peers.ts';

const skip = isRoot ? unlessThere('haproxy') : 'needs root';

for (const server of ['haproxy', 'metasteer'] as const) {
  describe(`an unusual router, served by ${server}`, { skip }, () => {
    let lab: IdentityLab;
    let router: Router;
    let network: LabNetwork;
    let nic: Nic;
    let daemon: Daemon | undefined;
    let haproxy: NeutronHaproxy | undefined;

    before(async () => {
      lab = await IdentityLab.build();
      ({ router, network } = await lab.router(1));
      nic = await lab.nic(await lab.instance('instance'), network, 'eth0', 5);
      await nic.namespace.sysctl('1', 'ipv4/conf/all/arp_ignore');
      await nic.namespace.sysctl('0', 'ipv4/conf/all/rp_filter', 'ipv4/conf/eth0/rp_filter');
      haproxy = await NeutronHaproxy.start(router, lab.runDir, lab.agent.path);
      if (server === 'haproxy') return;
      daemon = await lab.steer(1);
      await haproxy.stop();
    });
    after(async () => {
      if (daemon === undefined) await haproxy?.stop();
      await lab.remove();
    });

    const forgotten = () => router.namespace.ip('neigh', 'flush', 'dev', router.port.interface);

    async function isServed(who: Nic, source: string): Promise<void> {
      assert.equal((await ask(who, source.includes(':') ? 'ipv6' : 'ipv4', source)).body, `for ${source}`);
    }

    it('a network behind an instance is served, also when the router has forgotten the next hop', async () => {
      for (const [inside, route, via] of [
        ['172.16.5.9', '172.16.5.0/24', nic.ipv4],
        ['2001:db8:99::9', '2001:db8:99::/64', nic.ipv6],
      ] as const) {
        await nic.namespace.ip('addr', 'add', inside, 'dev', 'lo');
        await router.namespace.ip('route', 'add', route, 'via', via);
        await isServed(nic, inside);
        await forgotten();
        await isServed(nic, inside);
      }
    });

    it('several subnets of one interface are served', async () => {
      for (const [gateway, address] of [
        ['10.7.0.1/23', '10.7.1.77/23'],
        ['2001:db8:77::1/64', '2001:db8:77::7/64'],
      ] as const) {
        const flags = gateway.includes(':') ? ['nodad'] : [];
        await router.namespace.ip('addr', 'add', gateway, 'dev', router.port.interface, ...flags);
        await nic.namespace.ip('addr', 'add', address, 'dev', 'eth0', ...flags);
        await isServed(nic, address.replace(/\/.*/, ''));
      }
    });

    // As a distributed router’s for floating addresses and for SNAT; those come behind the table `main`.
    it('rules for what instances send change nothing', async () => {
      const { namespace } = router;
      const rules = [
        ['from', nic.ipv4, 'lookup', '99', 'pref', '32768'],
        ['from', `${network.gateway.ipv4}/24`, 'lookup', '99', 'pref', '167772161'],
        ['fwmark', '0x4000/0xffff', 'lookup', '99', 'pref', '100'],
      ];
      await namespace.ip('route', 'add', 'blackhole', 'default', 'table', '99');
      for (const rule of rules) await namespace.ip('rule', 'add', ...rule);
      await forgotten();
      await isServed(nic, nic.ipv4);
      for (const rule of rules) await namespace.ip('rule', 'del', ...rule);
    });

    it('a permanent entry, as a distributed router has it, serves its instance', async () => {
      const { namespace, port } = router;
      for (const address of [nic.ipv4, nic.ipv6]) {
        await namespace.ip(
          ...['neigh', 'replace', address, 'lladdr', nic.mac],
          'dev',
          port.interface,
          'nud',
          'permanent',
        );
        await isServed(nic, address);
        await namespace.ip('neigh', 'del', address, 'dev', port.interface);
      }
    });

    it('an address that fails over between instances is served where it is, from a virtual MAC, too', async () => {
      const other = await lab.nic(await lab.instance('other'), network, 'eth0', 6);
      for (const [who, mac] of [
        [nic, nic.mac],
        [other, other.mac],
        [nic, nic.mac],
      ] as const) {
        await who.namespace.ip('addr', 'add', '10.0.1.200/24', 'dev', 'eth0');
        await announce(who.namespace, 'eth0', mac, '10.0.1.200');
        await isServed(who, '10.0.1.200');
        await who.namespace.ip('addr', 'del', '10.0.1.200/24', 'dev', 'eth0');
      }
      // As keepalived’s use_vmac: an interface of its own, by which the address is asked for and answered.
      await other.namespace.ip(
        ...['link', 'add', 'vrrp', 'link', 'eth0', 'address', '00:00:5e:00:01:0a', 'type', 'macvlan', 'mode', 'bridge'],
      );
      await other.namespace.ip('link', 'set', 'vrrp', 'up');
      await other.namespace.ip('addr', 'add', '10.0.1.200/32', 'dev', 'vrrp');
      await other.namespace.ip(
        'route',
        'replace',
        '169.254.169.254/32',
        'dev',
        'vrrp',
        'via',
        network.gateway.ipv4,
        'onlink',
      );
      await announce(other.namespace, 'vrrp', '00:00:5e:00:01:0a', '10.0.1.200');
      await isServed(other, '10.0.1.200');
    });

    it('privacy addresses that come all the time are served', async () => {
      for (let times = 0; times < 8; times += 1) {
        const address = `2001:db8:1:0:a:b:c:${(0x1000 + times).toString(16)}`;
        await nic.namespace.ip('addr', 'add', `${address}/64`, 'dev', 'eth0', 'nodad');
        await isServed(nic, address);
        await nic.namespace.ip('addr', 'del', `${address}/64`, 'dev', 'eth0');
      }
    });
  });
}
