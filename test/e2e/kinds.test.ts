// Needs root: network namespaces and BPF. Every kind of owner, with the identity header it is known by.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { Daemon } from '../../src/demo/daemon.ts';
import { RunDir, removeLeftovers } from '../../src/demo/run-dir.ts';
import { type Instance, Topology } from '../../src/demo/topology.ts';
import { KeepAliveAgent } from '../kit/agents.ts';
import { needsRoot } from '../kit/node.ts';

const IDENTITY = /^x-(?:forwarded-for|neutron-router-id|neutron-network-id|ovn-network-id):.*$/gim;

/** As Neutron names and addresses them; all but routers have the metadata addresses on the interface itself. */
const KINDS = [
  { kind: 'router', namespace: 'qrouter-', interface: 'qr-', header: 'X-Neutron-Router-ID', hasMetadataAddress: false },
  { kind: 'network', namespace: 'qdhcp-', interface: 'tap', header: 'X-Neutron-Network-ID', hasMetadataAddress: true },
  { kind: 'network', namespace: 'qdhcp-', interface: 'ns-', header: 'X-Neutron-Network-ID', hasMetadataAddress: true },
  {
    kind: 'ovn-network',
    namespace: 'ovnmeta-',
    interface: 'tap',
    header: 'X-OVN-Network-ID',
    hasMetadataAddress: true,
  },
] as const;

describe('an owner', needsRoot, () => {
  const owners = KINDS.map((row) => ({ ...row, uuid: randomUUID() }));
  const instances: Instance[] = [];
  let runDir: RunDir;
  let topology: Topology;
  let agent: KeepAliveAgent;
  let daemon: Daemon;

  before(async () => {
    await removeLeftovers();
    runDir = RunDir.create('test');
    topology = new Topology(runDir);
    agent = await KeepAliveAgent.start(runDir.file('agent.sock'));
    chmodSync(agent.path, 0o666);
    for (const [index, owner] of owners.entries()) {
      const namespace = await topology.createNamespace(`${owner.namespace}${owner.uuid}`);
      const name = `${owner.interface}${randomUUID().slice(0, 8)}`;
      const port = await topology.createRouterPort(namespace, { interface: name, address: '10.0.0.2/24' });
      if (owner.hasMetadataAddress) {
        await namespace.ip('addr', 'add', '169.254.169.254/32', 'dev', name);
        await namespace.ip('addr', 'add', 'fe80::a9fe:a9fe/64', 'dev', name, 'nodad');
      }
      const spec = { port, name: `i${index}`, address: '10.0.0.5/24', gateway: '10.0.0.2' };
      instances.push(await topology.createInstance(spec));
    }
    daemon = new Daemon({ runDir, agentSocket: agent.path, routers: owners.map(({ uuid }) => uuid) });
    await daemon.untilSteering(owners.length, new AbortController().signal);
  });
  after(async () => {
    assert.equal(await daemon.stop(), true);
    await agent.stop();
    await topology.remove();
    runDir.remove();
  });

  for (const [index, owner] of owners.entries()) {
    for (const url of ['http://169.254.169.254/', 'http://[fe80::a9fe:a9fe%25eth0]/']) {
      it(`of kind ${owner.kind} (${owner.namespace}, ${owner.interface}) is named by ${owner.header} on ${url}`, async () => {
        const instance = instances[index];
        assert.ok(instance);
        const echoed = await instance.namespace.run('curl', ['-sS', '-g', '--max-time', '5', url]);
        const client = url.includes('fe80') ? instance.linkLocal : instance.address;
        assert.deepEqual(
          (echoed.match(IDENTITY) ?? []).map((line) => line.trim()).sort(),
          [`${owner.header}: ${owner.uuid}`, `X-Forwarded-For: ${client}`].sort((a, b) => (a < b ? -1 : 1)),
        );
      });
    }
  }

  it('is listed with its kind', async () => {
    const { ports } = await daemon.status();
    const listed = new Map(ports.map((port) => [port.owner, port.owner_kind]));
    for (const { uuid, kind } of owners) assert.equal(listed.get(uuid), kind);
  });
});
