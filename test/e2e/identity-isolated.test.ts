// Needs root: network namespaces, BPF and packet sockets. Who forges an address where the namespace does not forward gets nothing.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Daemon } from '../../src/demo/daemon.ts';
import { forge } from '../kit/forger.ts';
import { ask, IdentityLab, type LabNetwork, type Nic } from '../kit/identity-lab.ts';
import { needsRoot, until } from '../kit/node.ts';

for (const kind of ['qdhcp', 'ovnmeta'] as const) {
  describe(`a network without a router, in a namespace ${kind}`, needsRoot, () => {
    let lab: IdentityLab;
    let network: LabNetwork;
    let victim: Nic;
    let forger: Nic;
    let daemon: Daemon;

    before(async () => {
      lab = await IdentityLab.build();
      network = await lab.isolated(kind, 3);
      victim = await lab.nic(await lab.instance('victim'), network, 'eth0', 5);
      forger = await lab.nic(await lab.instance('forger'), network, 'eth0', 66);
      daemon = await lab.steer(1);
    });
    after(() => lab.remove());

    const counted = async (verdict: string) => (await daemon.status()).ports[0]?.counters[verdict] ?? 0;

    it('everybody gets their own', async () => {
      for (const nic of [victim, forger]) {
        assert.equal((await ask(nic, 'ipv4')).body, `for ${nic.ipv4}`);
        assert.equal((await ask(nic, 'ipv6')).body, `for ${nic.linkLocal}`);
        assert.equal((await ask(nic, 'ipv6', nic.ipv6)).body, `for ${nic.ipv6}`);
      }
      assert.ok(((await daemon.status()).ports[0]?.requests ?? 0) >= 6);
    });

    it('an address that is not on the link brings nothing', async () => {
      for (const source of ['10.0.9.5', '8.8.8.8', '2001:db8:9::5']) {
        const { accepted, got } = await forge(forger, { source, seconds: 0.6 });
        assert.deepEqual({ accepted, got }, { accepted: false, got: '' });
      }
      assert.ok((await counted('pass_other_network')) >= 3);
    });

    it('the address of a neighbour brings nothing, whether it is known or not', async () => {
      for (const source of [victim.ipv4, victim.ipv6]) {
        for (let times = 0; times < 2; times += 1) {
          const asked = lab.agent.received.length;
          const { got } = await forge(forger, { source, seconds: 1 });
          assert.equal(got, '');
          assert.equal(lab.agent.received.length, asked, 'the agent is not asked');
          await network.port.namespace.ip('neigh', 'flush', 'dev', network.port.interface);
        }
        assert.equal((await ask(victim, source.includes(':') ? 'ipv6' : 'ipv4', source)).body, `for ${source}`);
      }
      assert.ok((await counted('pass_other_neighbour')) + (await counted('drop_unresolved')) > 0);
    });

    it('a subnet that is added is on the link', async () => {
      await network.port.namespace.ip('addr', 'add', '10.0.8.1/24', 'dev', network.port.interface);
      await victim.namespace.ip('addr', 'add', '10.0.8.5/24', 'dev', 'eth0');
      await until('it is served', async () => (await ask(victim, 'ipv4', '10.0.8.5')).body === 'for 10.0.8.5');
    });
  });
}
