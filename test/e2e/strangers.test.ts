// Needs root: network namespaces and BPF. What is not ours is not taken away, and a bad worker takes nobody along.
import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { runCommand } from '../../src/demo/command.ts';
import { Namespace } from '../../src/demo/namespace.ts';
import { removeNamespaces } from '../../src/demo/run-dir.ts';
import { Attachment } from '../../src/kernel/attachment.ts';
import { SteeringMaps } from '../../src/kernel/maps.ts';
import { Programs } from '../../src/kernel/programs.ts';
import { needsRoot, TestNode, until, whoAmI } from '../kit/node.ts';

describe('strangers', needsRoot, () => {
  let node: TestNode;
  before(async () => {
    node = await TestNode.build();
  });
  after(() => node.remove());

  it('a namespace that somebody else made under our name is left alone, and the start refused', async () => {
    const name = basename(node.runDir.path);
    await runCommand('ip', ['netns', 'add', name]);
    await new Namespace(name).ip('link', 'add', 'name', 'theirs', 'type', 'veth', 'peer', 'name', 'other');
    const daemon = node.startDaemon();
    const { code } = await daemon.ended;
    assert.equal(code, 1);
    assert.match(daemon.log.join('\n'), /it exists, and no daemon of .* made it[\s\S]*\(namespace-failed\)/);
    assert.match(await new Namespace(name).ip('link', 'show'), /theirs/);
    await removeNamespaces([name]);
  });

  it('a second daemon with a directory of its own does not take our namespace', async () => {
    const first = await node.startSteering();
    const other = `${node.runDir.path}/other`;
    const second = node.startDaemon({ run_dir: other, admin: { socket: `${other}/admin.sock` } });
    assert.equal((await second.ended).code, 1);
    assert.match(second.log.join('\n'), /namespace-failed/);
    assert.equal(await whoAmI(node.blue), node.blue.known.uuid);
    assert.equal(await first.stop(), true);
  });

  it('a filter that somebody else put beside ours stays when we go', async () => {
    const { namespace, port } = node.blue.router;
    const daemon = await node.startSteering({ steering: { attach: 'clsact' } });
    const maps = await SteeringMaps.create({ portsMax: 1, neighboursMax: 1, flowsMax: 1 });
    const programs = await Programs.prepare(maps);
    const { index: ifindex } = await namespace.link(port.interface);
    const theirs = await Attachment.attach(
      programs.restore,
      { netns: namespace.path, ifindex, hook: 'egress' },
      'clsact',
    );
    assert.equal(await daemon.stop(), true);
    assert.match(await namespace.run('tc', ['filter', 'show', 'dev', port.interface, 'egress']), /ms_restore/);
    await theirs.detach();
    // Gone already where theirs was taken for the filter of a daemon before, by its name.
    await namespace.try('tc', ['qdisc', 'del', 'dev', port.interface, 'clsact']);
    programs.close();
    maps.close();
  });

  it('losing the name of our namespace costs nothing but the name', async () => {
    const daemon = await node.startSteering({
      discovery: { rescan: '200ms', include: node.stage.tenants.map(({ router }) => router.uuid) },
    });
    await runCommand('ip', ['netns', 'del', daemon.namespace]);
    const { router } = node.green;
    await router.namespace.ip('link', 'set', router.port.interface, 'address', 'fa:16:3e:77:00:02');
    await node.green.instance.namespace.ip('neigh', 'flush', 'all');
    await until('a changed port is steered again', async () => (await whoAmI(node.green)) === node.green.known.uuid);
    assert.equal(await whoAmI(node.blue), node.blue.known.uuid);
    assert.equal(await daemon.stop(), true);
  });
});
