// Needs root: network namespaces, BPF and packet sockets; haproxy for what is compared with it. Who forges an address gets nothing, and its owner loses nothing.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PortStatusDocument } from '../../src/control/status-document.ts';
import type { Daemon } from '../../src/demo/daemon.ts';
import { forge } from '../kit/forger.ts';
import { NeutronHaproxy } from '../kit/haproxy.ts';
import { HeldConnection } from '../kit/held-connection.ts';
import { ask, IdentityLab, type LabNetwork, type Nic, pin } from '../kit/identity-lab.ts';
import { isRoot, until } from '../kit/node.ts';
import { unlessThere } from '../kit/peers.ts';

const skip = isRoot ? unlessThere('haproxy') : 'needs root';
const SYN = 2;
const RST = 4;
const ACK = 16;

interface Site {
  readonly lab: IdentityLab;
  readonly here: LabNetwork;
  readonly there: LabNetwork;
  /** On `here`. */
  readonly victim: Nic;
  readonly forger: Nic;
  /** On `there`. */
  readonly stranger: Nic;
  /** On both: its interface here, and the one there. */
  readonly both: readonly [Nic, Nic];
}

async function build(): Promise<Site> {
  const lab = await IdentityLab.build();
  const { router, network: here } = await lab.router(1);
  const there = await lab.plug(router, 2);
  const victim = await lab.nic(await lab.instance('victim'), here, 'eth0', 5);
  const forger = await lab.nic(await lab.instance('forger'), here, 'eth0', 66);
  const stranger = await lab.nic(await lab.instance('stranger'), there, 'eth0', 5);
  const two = await lab.instance('both');
  const both = [await lab.nic(two, here, 'eth0', 7), await lab.nic(two, there, 'eth1', 7, { routes: false })] as const;
  // As on a host that answers for an address on the interface it belongs to alone.
  await two.sysctl('1', 'ipv4/conf/all/arp_ignore');
  await two.sysctl('0', 'ipv4/conf/all/rp_filter', 'ipv4/conf/eth0/rp_filter', 'ipv4/conf/eth1/rp_filter');
  const haproxy = await NeutronHaproxy.start(router, lab.runDir, lab.agent.path);
  lab.undo(() => haproxy.stop());
  return { lab, here, there, victim, forger, stranger, both };
}

for (const server of ['haproxy', 'metasteer'] as const) {
  describe(`a router with two networks, served by ${server}`, { skip }, () => {
    let site: Site;
    let daemon: Daemon | undefined;

    before(async () => {
      site = await build();
      if (server === 'metasteer')
        daemon = await site.lab.steer(2, { guard: { source_rate: 20, source_burst: 64, source_connections: 20 } });
    });
    after(() => site.lab.remove());

    async function portAt({ port }: LabNetwork): Promise<PortStatusDocument | undefined> {
      return (await daemon?.status())?.ports.find((each) => each.interface === port.interface);
    }

    async function counted(network: LabNetwork, verdict: string): Promise<number | undefined> {
      return (await portAt(network))?.counters[verdict];
    }

    const addresses = (nic: Nic) =>
      [
        ['IPv4', nic.ipv4],
        ['IPv6', nic.ipv6],
      ] as const;

    it('everybody gets their own', async () => {
      for (const nic of [site.victim, site.forger, site.stranger, site.both[0]]) {
        assert.equal((await ask(nic, 'ipv4')).body, `for ${nic.ipv4}`);
        // haproxy is told the zone-less link-local address; both tell the same.
        assert.equal((await ask(nic, 'ipv6')).body, `for ${nic.linkLocal}`);
        assert.equal((await ask(nic, 'ipv6', nic.ipv6)).body, `for ${nic.ipv6}`);
      }
      if (daemon !== undefined) assert.ok(((await portAt(site.here))?.requests ?? 0) > 0, 'by us');
    });

    for (const family of ['IPv4', 'IPv6'] as const) {
      const of = (nic: Nic) => addresses(nic)[family === 'IPv4' ? 0 : 1][1];

      it(`the address of an instance on another network brings nothing, over ${family}`, async () => {
        const asked = site.lab.agent.received.length;
        for (let times = 0; times < 2; times += 1) {
          const { accepted, got } = await forge(site.forger, { source: of(site.stranger), seconds: 0.5 });
          assert.deepEqual({ accepted, got }, { accepted: false, got: '' });
        }
        assert.equal(site.lab.agent.received.length, asked, 'the agent is not asked');
        if (daemon !== undefined) assert.ok(((await counted(site.here, 'steer_handed_over')) ?? 0) >= 2);
      });

      it(`an address of nobody here brings nothing, over ${family}`, async () => {
        const source = family === 'IPv4' ? '8.8.8.8' : '2001:4860::8888';
        const { accepted, got } = await forge(site.forger, { source, seconds: 0.5 });
        assert.deepEqual({ accepted, got }, { accepted: false, got: '' });
        if (daemon === undefined) return;
        assert.ok(((await counted(site.here, 'pass_other_network')) ?? 0) > 0);
        await until('it is told', () =>
          daemon?.log.some((line) => line.includes('by this interface') && line.includes(site.forger.mac)),
        );
      });

      for (const state of ['permanent', 'learned'] as const) {
        it(`the address of a neighbour whose entry is ${state} brings nothing, over ${family}`, async () => {
          if (state === 'permanent') await pin(site.victim, of(site.victim));
          const asked = site.lab.agent.received.length;
          const { accepted, got } = await forge(site.forger, { source: of(site.victim), seconds: 0.5 });
          assert.deepEqual({ accepted, got }, { accepted: false, got: '' });
          assert.equal(site.lab.agent.received.length, asked);
          if (daemon !== undefined) assert.ok(((await counted(site.here, 'pass_other_neighbour')) ?? 0) > 0);
          const { port } = site.victim.network;
          await port.namespace.ip('neigh', 'del', of(site.victim), 'dev', port.interface).catch(() => undefined);
          assert.equal(
            (await ask(site.victim, family === 'IPv4' ? 'ipv4' : 'ipv6', of(site.victim))).body,
            `for ${of(site.victim)}`,
          );
        });
      }

      it(`the address of a neighbour that the router does not know yet brings nothing, over ${family}`, async () => {
        const { port } = site.victim.network;
        await port.namespace.ip('neigh', 'flush', 'dev', port.interface);
        const asked = site.lab.agent.received.length;
        const { got } = await forge(site.forger, { source: of(site.victim), seconds: 1 });
        assert.equal(got, '');
        assert.equal(site.lab.agent.received.length, asked, 'the agent is not asked');
        assert.equal(
          (await ask(site.victim, family === 'IPv4' ? 'ipv4' : 'ipv6', of(site.victim))).body,
          `for ${of(site.victim)}`,
        );
      });

      it(`an address that nobody has brings nothing, over ${family}`, async () => {
        const asked = site.lab.agent.received.length;
        const { got } = await forge(site.forger, { source: of(site.victim).replace(/5$/, '99'), seconds: 2.5 });
        assert.equal(got, '');
        assert.equal(site.lab.agent.received.length, asked, 'the agent is not asked');
      });

      it(`replies of an open connection go on to its owner, over ${family}`, async () => {
        const held = new HeldConnection(site.victim.namespace);
        const host = family === 'IPv4' ? '169.254.169.254' : 'fe80::a9fe:a9fe%eth0';
        assert.equal(
          await held.connect({ host, port: 80, localPort: 23456, localAddress: of(site.victim) }),
          'connected',
        );
        assert.match(await held.get('/'), /for /);
        const forging = forge(site.forger, { source: of(site.victim), port: 23456, seconds: 2 });
        await sleep(300);
        for (let times = 0; times < 5; times += 1) assert.match(await held.get('/'), /for /);
        assert.equal((await forging).got, '');
        await held.close();
      });

      it(`forged SYNs with its address leave an instance what it may have, over ${family}`, async () => {
        const flood = Promise.all([
          forge(site.forger, { source: of(site.victim), many: SYN, rate: 150, seconds: 4 }),
          forge(site.stranger, { source: of(site.victim), many: SYN, rate: 150, seconds: 4 }),
        ]);
        await sleep(500);
        for (let times = 0; times < 30; times += 1)
          assert.equal(
            (await ask(site.victim, family === 'IPv4' ? 'ipv4' : 'ipv6', of(site.victim))).body,
            `for ${of(site.victim)}`,
            `${times}`,
          );
        for (const { sent = 0 } of await flood) assert.ok(sent > 100);
      });
    }

    // Over IPv6 the destination is link-local, so a client's socket takes replies at the interface it asked by alone.
    it('who has two interfaces is served by one with the address of the other', async () => {
      const [here, there] = site.both;
      // The router knows it there, as after any packet of its own.
      await there.namespace.try('ping', ['-c', '1', '-W', '1', '-I', 'eth1', site.there.gateway.ipv4]);
      const before = (await counted(site.here, 'steer_handed_over')) ?? 0;
      for (let times = 0; times < 5; times += 1) {
        const { body, seconds } = await ask(here, 'ipv4', there.ipv4);
        assert.equal(body, `for ${there.ipv4}`);
        assert.ok(seconds < 0.9, `${seconds} s`);
      }
      if (daemon !== undefined) assert.ok(((await counted(site.here, 'steer_handed_over')) ?? 0) >= before + 15);
    });

    it('an address that moves to another MAC is served at once', async () => {
      const { namespace, ipv4 } = site.victim;
      for (const mac of ['fa:16:3e:77:00:01', site.victim.mac]) {
        await namespace.ip('link', 'set', 'eth0', 'address', mac);
        await namespace.ip(
          '-6',
          'route',
          'replace',
          'fe80::a9fe:a9fe/128',
          'via',
          site.here.gateway.linkLocal,
          'dev',
          'eth0',
        );
        const { body, seconds } = await ask(site.victim, 'ipv4');
        assert.equal(body, `for ${ipv4}`);
        assert.ok(seconds < 2.5, `${seconds} s`);
      }
    });

    if (server === 'haproxy') return;

    it('RST segments out of thin air free nobody’s connections', async () => {
      await until('what was half-open is forgotten', async () => (await portAt(site.here))?.flows === 0, 30_000);
      const held = await Promise.all(
        Array.from({ length: 20 }, async (_, index) => {
          const each = new HeldConnection(site.forger.namespace);
          const opened = await each.connect({ host: '169.254.169.254', port: 80, localPort: 30_000 + index });
          return { each, opened };
        }),
      );
      try {
        assert.deepEqual(new Set(held.map(({ opened }) => opened)), new Set(['connected']));
        // In one go: a worker keeps a client that asks nothing for some seconds only.
        const { sent = 0 } = await forge(site.forger, {
          ...{ source: site.forger.ipv4, port: 30_000, ports: 20 },
          ...{ many: RST, rate: 2000, seconds: 0.2 },
        });
        assert.ok(sent >= 20, `${sent}`);
        assert.equal((await portAt(site.here))?.flows, 20);
      } finally {
        for (const { each } of held) await each.close();
      }
      await until('they are given back', async () => (await portAt(site.here))?.flows === 0);
    });

    it('ACK segments from invented addresses keep nobody out', async () => {
      const before = (await portAt(site.here))?.neighbours ?? 0;
      await forge(site.forger, { source: '10.0.1.2', many: ACK, rate: 1000, seconds: 2, sources: 250 });
      await forge(site.forger, { source: 'fe80::1:2', many: ACK, rate: 1000, seconds: 2, sources: 2000 });
      assert.ok(((await portAt(site.here))?.neighbours ?? 0) <= before);
      assert.ok(((await counted(site.here, 'pass_no_flow')) ?? 0) > 500);
    });
  });
}
