// Needs root: network namespaces and BPF. What is not the metadata service's goes where it went before.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ethernet, frame, ipv4, SYN, tcp, vlan } from '../../bench/packet-builder.ts';
import type { Daemon } from '../../src/demo/daemon.ts';
import { Namespace } from '../../src/demo/namespace.ts';
import { EchoServers } from '../kit/echo-servers.ts';
import { HeldConnection } from '../kit/held-connection.ts';
import { needsRoot, portOf, TestNode } from '../kit/node.ts';
import { sendFrame } from '../kit/send-frame.ts';

describe('traffic that is not for the metadata service', needsRoot, () => {
  let node: TestNode;
  let daemon: Daemon;
  let servers: EchoServers;

  before(async () => {
    node = await TestNode.build();
    const { namespace } = node.blue.router;
    // The router itself has the address too, so that what is passed can be seen to arrive there.
    await namespace.ip('addr', 'add', '169.254.169.254/32', 'dev', 'lo');
    await namespace.run('iptables', ['-t', 'nat', '-F']);
    await namespace.run('iptables', ['-t', 'filter', '-F']);
    servers = await EchoServers.start(namespace, { tcp: [80, 8080], udp: [80] });
    node.undo('servers in the router', () => servers.stop());
    daemon = await node.startSteering();
  });
  after(() => node.remove());

  const rows: readonly {
    name: string;
    command: readonly [string, readonly string[]];
    expected: string;
    verdict: string;
  }[] = [
    {
      name: 'TCP to another port of the metadata address reaches the router',
      command: ['curl', ['-sS', '--max-time', '5', 'http://169.254.169.254:8080/']],
      expected: 'tcp 8080',
      verdict: 'pass_other_port',
    },
    {
      name: 'TCP to port 80 of the router’s own address reaches the router',
      command: ['curl', ['-sS', '--max-time', '5', 'http://10.0.0.1:80/']],
      expected: 'tcp 80',
      verdict: 'pass_other_address',
    },
    {
      name: 'UDP to the metadata address and port reaches the router',
      command: [process.execPath, ['-e', udpClient()]],
      expected: 'udp 80',
      verdict: 'pass_other_transport',
    },
    {
      name: 'ping to the metadata address reaches the router',
      command: ['ping', ['-c', '1', '-W', '5', '169.254.169.254']],
      expected: '1 received',
      verdict: 'pass_other_transport',
    },
    {
      name: 'neighbour discovery and ping over IPv6 link-local reach the router',
      command: ['ping', ['-6', '-c', '1', '-W', '5', 'ff02::1%eth0']],
      expected: '1 received',
      verdict: 'pass_other_address',
    },
  ];
  for (const { name, command, expected, verdict } of rows) {
    it(name, async () => {
      const earlier = (await portOf(daemon, node.blue)).counters[verdict] ?? 0;
      const { stdout, stderr } = await node.blue.instance.namespace.try(...command);
      assert.ok(stdout.includes(expected), `${stdout}${stderr}`);
      assert.ok(((await portOf(daemon, node.blue)).counters[verdict] ?? 0) > earlier, `${verdict} was counted`);
    });
  }

  it('frames to the metadata address that are not addressed to the router are passed', async () => {
    const { namespace } = node.blue.instance;
    await namespace.ip('neigh', 'replace', '10.0.0.1', 'lladdr', '02:00:00:00:00:77', 'dev', 'eth0');
    const connection = new HeldConnection(namespace);
    assert.equal(await connection.connect({ host: '169.254.169.254', port: 80 }), 'ETIMEDOUT');
    await connection.close();
    await namespace.ip('neigh', 'del', '10.0.0.1', 'dev', 'eth0');
    const { counters } = await portOf(daemon, node.blue);
    assert.ok((counters['pass_other_mac'] ?? 0) > 0);
    assert.equal(counters['steer_syn'], 0);
  });

  it('a VLAN-tagged frame to the metadata service is passed, and counted as such', async () => {
    const { instance, router } = node.blue;
    const tagged = frame(
      ethernet({ from: instance.mac, to: router.port.mac }),
      vlan({ id: 7 }),
      ipv4({ from: instance.address, to: '169.254.169.254' }),
      tcp({ from: 40000, to: 80, flags: SYN }),
    );
    await sendFrame(instance.namespace, tagged);
    const { counters } = await portOf(daemon, node.blue);
    assert.equal(counters['pass_vlan'], 1);
    assert.equal(counters['steer_syn'], 0);
  });

  it('a frame addressed to the port device, whose MAC is never on the wire, is dropped', async () => {
    const { instance } = node.blue;
    const { device } = await portOf(daemon, node.blue);
    const { mac } = await new Namespace(daemon.namespace).link(device ?? '');
    const forged = frame(
      ethernet({ from: instance.mac, to: mac }),
      ipv4({ from: instance.address, to: '169.254.169.254' }),
      tcp({ from: 40000, to: 80, flags: SYN }),
    );
    await sendFrame(instance.namespace, forged);
    assert.equal((await portOf(daemon, node.blue)).counters['drop_device_mac'], 1);
  });
});

function udpClient(): string {
  return `
    const socket = require('node:dgram').createSocket('udp4');
    socket.on('message', (text) => { console.log(String(text)); socket.close(); });
    socket.send('hello', 80, '169.254.169.254');
    setTimeout(() => process.exit(1), 5000).unref();`;
}
