// Needs root: network namespaces, BPF, real curl, conntrack, iptables and tcpdump.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import type { Daemon } from '../../src/demo/daemon.ts';
import type { Namespace } from '../../src/demo/namespace.ts';
import type { Tenant } from '../../src/demo/stage.ts';
import { HeldConnection } from '../kit/held-connection.ts';
import { curl, METADATA_V4, METADATA_V6, needsRoot, portOf, TestNode, until, whoAmI } from '../kit/node.ts';

const INSTANCE_ID = '/latest/meta-data/instance-id';

for (const attach of ['tcx', 'clsact'] as const) {
  describe(`two routers with the same subnet, attached by ${attach}`, needsRoot, () => {
    let node: TestNode;
    let daemon: Daemon;

    before(async () => {
      node = await TestNode.build();
      // Poison: any packet that netfilter sees goes to an address that does not exist.
      for (const { router } of node.stage.tenants)
        await router.namespace.run('iptables', [
          '-t',
          'nat',
          '-I',
          'PREROUTING',
          '-p',
          'tcp',
          '--dport',
          '80',
          '-j',
          'DNAT',
          '--to',
          '10.0.0.99',
        ]);
      daemon = await node.startSteering({ steering: { attach } });
    });
    after(() => node.remove());

    it('is attached as it was asked to be', async () => {
      assert.equal((await portOf(daemon, node.blue)).attachment, attach);
    });

    for (const [family, base] of [
      ['IPv4', METADATA_V4],
      ['IPv6', METADATA_V6],
    ] as const) {
      it(`answers each tenant with its own instance over ${family}`, async () => {
        assert.equal(await whoAmI(node.blue, base), node.blue.known.uuid);
        assert.equal(await whoAmI(node.green, base), node.green.known.uuid);
      });

      it(`carries 64 KiB of user data whole over ${family}`, async () => {
        const { status, body } = await curl(node.blue, `${base}/openstack/latest/user_data`);
        assert.equal(status, 200);
        assert.equal(body, Buffer.from(node.blue.known.userData ?? []).toString());
        assert.equal(body.length, 64 * 1024);
      });
    }

    it('keeps two flows with the same client address and port apart, without a conntrack entry', async () => {
      const tenants = [node.blue, node.green];
      const connections = tenants.map((tenant) => new HeldConnection(tenant.instance.namespace));
      const target = { host: '169.254.169.254', port: 80, localPort: 20555 };
      for (const connection of connections) assert.equal(await connection.connect(target), 'connected');
      for (const round of [1, 2, 3]) {
        for (const [index, tenant] of tenants.entries()) {
          const reply = (await connections[index]?.get(INSTANCE_ID)) ?? '';
          assert.ok(reply.endsWith(`\r\n\r\n${tenant.known.ec2Id}`), `round ${round}: ${reply}`);
        }
      }
      for (const tenant of tenants) assert.equal((await tenant.router.namespace.run('conntrack', ['-C'])).trim(), '0');
      for (const connection of connections) await connection.close();
    });

    it('knows an IPv6 client with a privacy address by the MAC of its frames', async () => {
      const { instance } = node.blue;
      await instance.namespace.ip('addr', 'add', 'fe80::b1e:b1e/64', 'dev', 'eth0', 'nodad');
      const reply = await getFrom(instance.namespace, 'fe80::b1e:b1e%eth0');
      assert.ok(reply.endsWith(`\r\n\r\n${node.blue.known.ec2Id}`), reply);
    });

    it('reaches an IPv6 client that uses a global address', async () => {
      const { instance, router } = node.blue;
      await router.namespace.ip('addr', 'add', '2001:db8::1/64', 'dev', router.port.interface, 'nodad');
      await instance.namespace.ip('addr', 'add', '2001:db8::5/64', 'dev', 'eth0', 'nodad');
      // The agent of this test knows no instance by such an address: the reply is its 404.
      assert.match(await getFrom(instance.namespace, '2001:db8::5'), /^HTTP\/1\.1 404 /);
    });

    it('shows no MAC on the tenant network but the instance’s and the router interface’s', async () => {
      const { instance, router } = node.blue;
      const macs = await macsDuring(node.blue, async () => {
        await whoAmI(node.blue, METADATA_V4);
        await whoAmI(node.blue, METADATA_V6);
      });
      assert.deepEqual([...macs].sort(), [instance.mac, router.port.mac].sort());
    });

    it('counts every packet it took', async () => {
      const { counters, requests, neighbours } = await portOf(daemon, node.blue);
      assert.ok(requests >= 5);
      assert.ok((counters['steer_syn'] ?? 0) >= 5);
      assert.ok((counters['restore_reply'] ?? 0) > (counters['steer_syn'] ?? 0));
      assert.equal(counters['drop_device_mac'], 0);
      assert.equal(neighbours, 4, 'one IPv4 and three IPv6 addresses');
    });
  });
}

/** Asks over IPv6 from one of the instance's addresses. */
async function getFrom(namespace: Namespace, localAddress: string): Promise<string> {
  const connection = new HeldConnection(namespace);
  assert.equal(await connection.connect({ host: 'fe80::a9fe:a9fe%eth0', port: 80, localAddress }), 'connected');
  const reply = await connection.get(INSTANCE_ID);
  await connection.close();
  return reply;
}

/** Every MAC that unicast TCP frames carry at the instance's interface while something happens. */
async function macsDuring(tenant: Tenant, action: () => Promise<void>): Promise<ReadonlySet<string>> {
  const args = ['netns', 'exec', tenant.instance.namespace.name];
  const capture = spawn('ip', [...args, 'tcpdump', '-i', 'eth0', '-e', '-nn', '-l', '--immediate-mode', 'tcp'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let frames = '';
  let said = '';
  capture.stdout.on('data', (text) => {
    frames += text;
  });
  capture.stderr.on('data', (text) => {
    said += text;
  });
  await until('tcpdump listens', () => said.includes('listening on'));
  await action();
  await until('frames of both families are captured', () => frames.includes(' IPv4 ') && frames.includes(' IPv6 '));
  const exited = new Promise((resolve) => capture.once('exit', resolve));
  capture.kill('SIGINT');
  await exited;
  return new Set(frames.match(/(?:[0-9a-f]{2}:){5}[0-9a-f]{2}/g));
}
