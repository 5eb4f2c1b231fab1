// Needs root: network namespaces and BPF. Interfaces that come, go, change, or cannot be steered.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { PortStatusDocument } from '../../src/control/status-document.ts';
import { runCommand } from '../../src/demo/command.ts';
import type { Daemon } from '../../src/demo/daemon.ts';
import { type Router, Topology } from '../../src/demo/topology.ts';
import { needsRoot, portOf, TestNode, until, whoAmI } from '../kit/node.ts';

describe('router interfaces', needsRoot, () => {
  let node: TestNode;
  let daemon: Daemon;
  let topology: Topology;

  before(async () => {
    node = await TestNode.build();
    topology = new Topology(node.runDir);
    node.undo('more routers', () => topology.remove());
    daemon = await node.startSteering({ discovery: { rescan: '1h', exclude: [EXCLUDED] } });
  });
  after(() => node.remove());

  const EXCLUDED = randomUUID();

  async function untilPort(owner: string, holds: (port: PortStatusDocument) => boolean): Promise<PortStatusDocument> {
    let found: PortStatusDocument | undefined;
    await until(`a port of ${owner}`, async () => {
      found = (await daemon.status()).ports.find((port) => port.owner === owner);
      return found !== undefined && holds(found);
    });
    assert.ok(found);
    return found;
  }

  function newRouter(uuid: string = randomUUID()): Promise<Router> {
    return topology.createRouter({ uuid, interface: `qr-${randomUUID().slice(0, 11)}`, address: '10.0.0.1/24' });
  }

  it('one that appears is steered, and one that goes is forgotten', async () => {
    const router = await newRouter();
    await untilPort(router.uuid, ({ state }) => state === 'steering');
    await router.namespace.ip('link', 'del', router.port.interface);
    await until(
      'it is forgotten',
      async () => !(await daemon.status()).ports.some(({ owner }) => owner === router.uuid),
    );
  });

  it('one whose router is excluded is never steered', async () => {
    await newRouter(EXCLUDED);
    const later = await newRouter();
    await untilPort(later.uuid, ({ state }) => state === 'steering');
    assert.ok(!(await daemon.status()).ports.some(({ owner }) => owner === EXCLUDED));
  });

  it('one that is made again under the same name is a new port', async () => {
    const { router, instance } = node.green;
    const earlier = await portOf(daemon, node.green);
    await router.namespace.ip('link', 'set', router.port.interface, 'address', 'fa:16:3e:77:00:01');
    await instance.namespace.ip('neigh', 'flush', 'all');
    await untilPort(router.uuid, ({ state, port }) => state === 'steering' && port !== earlier.port);
    assert.equal(await whoAmI(node.green), node.green.known.uuid);
  });

  it('one of an HA backup, without an address, is steered from when it gets one to when it loses it', async () => {
    const router = await newRouter();
    const { namespace, port } = router;
    await untilPort(router.uuid, ({ state }) => state === 'steering');
    await namespace.ip('addr', 'del', '10.0.0.1/24', 'dev', port.interface);
    await until('it is let go', async () => !(await daemon.status()).ports.some(({ owner }) => owner === router.uuid));
    await namespace.ip('addr', 'add', '10.0.0.1/24', 'dev', port.interface);
    await untilPort(router.uuid, ({ state }) => state === 'steering');
  });

  it('one whose namespace is made again under the same name is a new port', async () => {
    const uuid = randomUUID();
    const first = await newRouter(uuid);
    const { port } = await untilPort(uuid, ({ state }) => state === 'steering');
    await first.namespace.ip('link', 'del', first.port.interface);
    await runCommand('ip', ['netns', 'del', first.namespace.name]);
    await newRouter(uuid);
    const second = await untilPort(uuid, (each) => each.state === 'steering' && each.port !== port);
    assert.notEqual(second.interface, first.port.interface);
  });

  it('one that cannot carry a port device fails with a reason, is left as it was, and disturbs no other', async () => {
    const router = await topology.createNamespace(`qrouter-${randomUUID()}`);
    const uuid = router.name.replace('qrouter-', '');
    await router.ip('link', 'add', 'name', 'qr-inabridge', 'type', 'veth', 'peer', 'name', 'other');
    await router.ip('addr', 'add', '10.0.0.1/24', 'dev', 'qr-inabridge');
    await router.ip('link', 'add', 'name', 'br', 'type', 'bridge');
    await router.ip('link', 'set', 'qr-inabridge', 'master', 'br');
    await router.ip('link', 'set', 'qr-inabridge', 'up');
    const failed = await untilPort(uuid, ({ state }) => state === 'failed');
    assert.match(failed.reason ?? '', /^port-device-failed: .*EBUSY/);
    const qdiscs = await router.run('tc', ['qdisc', 'show', 'dev', 'qr-inabridge']);
    assert.doesNotMatch(qdiscs, /clsact/);
    assert.equal(await whoAmI(node.blue), node.blue.known.uuid);

    await router.ip('link', 'set', 'qr-inabridge', 'nomaster');
    await untilPort(uuid, ({ state }) => state === 'steering');
  });
});
