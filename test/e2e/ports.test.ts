// Needs root: network namespaces and BPF. Interfaces that come, go, change, or cannot be steered.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { PortStatusDocument } from '../../src/control/status-document.ts';
import { runCommand } from '../../src/demo/command.ts';
import type { Daemon } from '../../src/demo/daemon.ts';
import { Namespace } from '../../src/demo/namespace.ts';
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
    // Only what this test makes: whatever else is on this machine stays out of it.
    const include = [...node.stage.tenants.map(({ router }) => router.uuid), ...uuids, EXCLUDED];
    daemon = await node.startSteering({ discovery: { rescan: '1h', include, exclude: [EXCLUDED] } });
  });
  after(() => node.remove());

  const EXCLUDED = randomUUID();
  const uuids = Array.from({ length: 80 }, () => randomUUID());

  async function untilPort(owner: string, holds: (port: PortStatusDocument) => boolean): Promise<PortStatusDocument> {
    let found: PortStatusDocument | undefined;
    await until(`a port of ${owner}`, async () => {
      found = (await daemon.status()).ports.find((port) => port.owner === owner);
      return found !== undefined && holds(found);
    });
    assert.ok(found);
    return found;
  }

  function newUuid(): string {
    const uuid = uuids.pop();
    assert.ok(uuid);
    return uuid;
  }

  function newRouter(uuid: string = newUuid()): Promise<Router> {
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
    const uuid = newUuid();
    const first = await newRouter(uuid);
    const { port } = await untilPort(uuid, ({ state }) => state === 'steering');
    await first.namespace.ip('link', 'del', first.port.interface);
    await runCommand('ip', ['netns', 'del', first.namespace.name]);
    await newRouter(uuid);
    const second = await untilPort(uuid, (each) => each.state === 'steering' && each.port !== port);
    assert.notEqual(second.interface, first.port.interface);
  });

  it('one that cannot carry a port device fails with a reason, is left as it was, and disturbs no other', async () => {
    const router = await topology.createNamespace(`qrouter-${newUuid()}`);
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

  it('of one router are ports of their own, each with its counters', async () => {
    const router = await newRouter();
    for (const name of ['qr-second', 'qr-third'])
      await topology.createRouterPort(router.namespace, { interface: name, address: `10.0.${name.length}.1/24` });
    await until('three ports', async () => {
      const ports = (await daemon.status()).ports.filter(({ owner }) => owner === router.uuid);
      return ports.length === 3 && ports.every(({ state }) => state === 'steering');
    });
  });

  it('of fifty routers with the same subnet are all steered', async () => {
    const routers = await Promise.all(Array.from({ length: 50 }, () => newRouter()));
    await until('all are', async () => {
      const steering = new Set(
        (await daemon.status()).ports.filter(({ state }) => state === 'steering').map(({ owner }) => owner),
      );
      return routers.every(({ uuid }) => steering.has(uuid));
    });
    assert.equal(await whoAmI(node.blue), node.blue.known.uuid);
  });

  it('of a namespace that cannot be read are reported, and disturb no other', async () => {
    const name = `qrouter-${newUuid()}`;
    writeFileSync(`/run/netns/${name}`, '');
    node.undo('a name without a namespace', () => rmSync(`/run/netns/${name}`));
    await until('it is reported', async () =>
      (await daemon.status()).broken.some(({ namespace }) => namespace === name),
    );
    await until('the log says so', () =>
      daemon.log.some((line) => line.includes(name) && line.includes('cannot be read')),
    );
    assert.equal(await whoAmI(node.blue), node.blue.known.uuid);
  });

  it('that are not Ethernet are refused with a reason', async () => {
    const uuid = newUuid();
    const namespace = await topology.createNamespace(`qrouter-${uuid}`);
    await namespace
      .ip('link', 'add', 'name', 'qr-tunnel', 'type', 'ipip', 'local', '10.1.0.1', 'remote', '10.1.0.2')
      .catch(async () => {
        await namespace.ip('link', 'set', 'lo', 'down');
        await namespace.ip('link', 'set', 'lo', 'name', 'qr-tunnel');
      });
    await namespace.ip('addr', 'add', '10.2.0.1/24', 'dev', 'qr-tunnel');
    await namespace.ip('link', 'set', 'qr-tunnel', 'up');
    const failed = await untilPort(uuid, ({ state }) => state === 'failed');
    assert.match(failed.reason ?? '', /^port-interface-unsuitable: /);
  });

  it('hand a raised MTU on to their port devices', async () => {
    const { router } = node.blue;
    const { device } = await portOf(daemon, node.blue);
    const mtuOfDevice = async () => {
      const text = await new Namespace(daemon.namespace).ip('-j', 'link', 'show', 'dev', device ?? '');
      return (JSON.parse(text) as readonly { readonly mtu: number }[])[0]?.mtu;
    };
    for (const mtu of [1400, 1450, 1500]) {
      await router.namespace.ip('link', 'set', router.port.interface, 'mtu', String(mtu));
      await until(`its MTU is ${mtu}`, async () => (await mtuOfDevice()) === mtu);
    }
  });
});
