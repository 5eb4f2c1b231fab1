// Needs root: network namespaces, BPF and packet sockets. Routers with the same networks, side by side: what one decides says nothing of the other.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { PortStatusDocument } from '../../src/control/status-document.ts';
import type { Daemon } from '../../src/demo/daemon.ts';
import type { Router } from '../../src/demo/topology.ts';
import { forge } from '../kit/forger.ts';
import { HeldConnection } from '../kit/held-connection.ts';
import { ask, IdentityLab, type LabNetwork, type Nic } from '../kit/identity-lab.ts';
import { needsRoot } from '../kit/node.ts';

interface Site {
  readonly router: Router;
  readonly here: LabNetwork;
  readonly there: LabNetwork;
  /** At 10.0.1.5. */
  readonly one: Nic;
  /** At 10.0.2.5. */
  readonly other: Nic;
  /** On both networks, at 10.0.1.7 and 10.0.2.7. */
  readonly both: readonly [Nic, Nic];
}

async function site(lab: IdentityLab, name: string): Promise<Site> {
  const { router, network: here } = await lab.router(1);
  const there = await lab.plug(router, 2);
  const one = await lab.nic(await lab.instance(`${name}1`), here, 'eth0', 5);
  const other = await lab.nic(await lab.instance(`${name}2`), there, 'eth0', 5);
  const two = await lab.instance(`${name}3`);
  const both = [await lab.nic(two, here, 'eth0', 7), await lab.nic(two, there, 'eth1', 7, { routes: false })] as const;
  await two.sysctl('1', 'ipv4/conf/all/arp_ignore');
  await two.sysctl('0', 'ipv4/conf/all/rp_filter', 'ipv4/conf/eth0/rp_filter', 'ipv4/conf/eth1/rp_filter');
  await two.try('ping', ['-c', '1', '-W', '1', '-I', 'eth1', there.gateway.ipv4]);
  return { router, here, there, one, other, both };
}

describe('two routers with the same two networks', needsRoot, () => {
  let lab: IdentityLab;
  let daemon: Daemon;
  let first: Site;
  let second: Site;

  before(async () => {
    lab = await IdentityLab.build();
    first = await site(lab, 'a');
    second = await site(lab, 'b');
    daemon = await lab.steer(4);
  });
  after(() => lab.remove());

  async function portAt({ port }: LabNetwork): Promise<PortStatusDocument> {
    const all = (await daemon.status()).ports;
    return all.find((each) => each.interface === port.interface) ?? assert.fail();
  }

  async function isServed({ router }: Site, nic: Nic, base: 'ipv4' | 'ipv6', source = nic[base]): Promise<void> {
    const asked = lab.agent.received.length;
    assert.equal((await ask(nic, base, source)).body, `for ${source}`);
    assert.deepEqual(lab.agent.received[asked]?.values('X-Neutron-Router-ID'), [router.uuid]);
  }

  it('have interfaces with the same numbers, so that a mistake would show', async () => {
    for (const which of ['here', 'there'] as const) {
      const numbers = await Promise.all(
        [first, second].map(
          async ({ router, [which]: { port } }) => (await router.namespace.link(port.interface)).index,
        ),
      );
      assert.equal(numbers[0], numbers[1]);
    }
  });

  it('serve everybody in their own name', async () => {
    for (const each of [first, second])
      for (const nic of [each.one, each.other])
        for (const base of ['ipv4', 'ipv6'] as const) await isServed(each, nic, base);
  });

  it('hand a packet of an address of their other network to their own interface', async () => {
    const before = await portAt(second.there);
    for (let times = 0; times < 3; times += 1) await isServed(first, first.both[0], 'ipv4', first.both[1].ipv4);
    const now = await portAt(second.there);
    assert.equal(now.requests, before.requests);
    assert.equal(now.neighbours, before.neighbours);
    assert.ok(((await portAt(first.here)).counters['steer_handed_over'] ?? 0) >= 9);
  });

  it('answer nobody who claims an address that only the other one’s instance uses by that MAC', async () => {
    for (const source of [first.one.ipv4, first.one.ipv6, first.other.ipv4, first.other.ipv6]) {
      const asked = lab.agent.received.length;
      // With the very MAC of the other router's instance, too.
      for (const mac of [second.both[0].mac, source === first.other.ipv4 ? first.other.mac : first.one.mac]) {
        const { got } = await forge(second.both[0], { source, mac, seconds: 0.4 });
        assert.equal(got, '', `${source} from ${mac}`);
      }
      assert.equal(lab.agent.received.length, asked);
    }
  });

  it('keep connections of one four-tuple apart, whatever is forged at the other', async () => {
    const held = [first, second].map(({ one }) => new HeldConnection(one.namespace));
    try {
      for (const each of held)
        assert.equal(await each.connect({ host: '169.254.169.254', port: 80, localPort: 34567 }), 'connected');
      const forging = forge(second.both[0], { source: second.one.ipv4, port: 34567, seconds: 1 });
      for (let times = 0; times < 5; times += 1)
        for (const [index, each] of held.entries()) {
          const asked = lab.agent.received.length;
          assert.match(await each.get('/'), /for 10\.0\.1\.5/);
          const { router } = index === 0 ? first : second;
          assert.deepEqual(lab.agent.received[asked]?.values('X-Neutron-Router-ID'), [router.uuid]);
        }
      assert.equal((await forging).got, '');
    } finally {
      for (const each of held) await each.close();
    }
  });
});
