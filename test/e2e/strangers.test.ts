// Needs root: network namespaces and BPF. What is not ours is not taken away, and a bad worker takes nobody along.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { runCommand, tryCommand } from '../../src/demo/command.ts';
import { Namespace } from '../../src/demo/namespace.ts';
import { removeNamespaces } from '../../src/demo/run-dir.ts';
import { Attachment } from '../../src/kernel/attachment.ts';
import { SteeringMaps } from '../../src/kernel/maps.ts';
import { createNamespace, isBareName, namespaceInode, removeBareName } from '../../src/kernel/namespace.ts';
import { Programs } from '../../src/kernel/programs.ts';
import { needsRoot, TestNode, until, whoAmI } from '../kit/node.ts';
import { ROOT } from '../tidy/sources.ts';

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

  it('a name without a namespace, which a start that was killed left, is in nobody’s way', async () => {
    const name = `/run/netns/${basename(node.runDir.path)}`;
    writeFileSync(name, '', { mode: 0o444 });
    const daemon = await node.startSteering();
    assert.equal(await whoAmI(node.blue), node.blue.known.uuid);
    assert.equal(await daemon.stop(), true);
    assert.equal(existsSync(name), false);
  });

  it('a file of our name that is not empty is somebody’s, and the start refused', async () => {
    const name = `/run/netns/${basename(node.runDir.path)}`;
    writeFileSync(name, 'a note');
    const daemon = node.startDaemon();
    assert.equal((await daemon.ended).code, 1);
    assert.match(daemon.log.join('\n'), /\(namespace-failed\)/);
    assert.equal(readFileSync(name, 'utf8'), 'a note');
    rmSync(name);
  });

  it('a namespace has its name only when it is on record, so that a start may be killed at any moment', async () => {
    const name = `/run/netns/ms${process.pid}-recorded`;
    const record = node.runDir.file('recorded');
    await assert.rejects(createNamespace(name, node.runDir.file('missing/record')), { code: 'ENOENT' });
    assert.equal(existsSync(name), false);
    // Killed at the mount that would give it its name: what is left is a name without a namespace.
    const make = `import('${ROOT}/dist/src/kernel/namespace.js').then((it) => it.createNamespace('${name}', '${record}'))`;
    const killed = ['-f', '-qq', '-e', 'trace=mount', '-e', 'inject=mount:signal=KILL:when=1+', '-P', name];
    const { stderr } = await tryCommand('strace', [...killed, process.execPath, '-e', make]);
    assert.match(stderr, /killed by SIGKILL/);
    assert.ok(Number(readFileSync(record, 'utf8')) > 0);
    assert.equal(isBareName(name), true);
    removeBareName(name);
    await createNamespace(name, record);
    assert.equal(Number(readFileSync(record, 'utf8')), namespaceInode(name));
    assert.equal(isBareName(name), false);
    assert.throws(() => removeBareName(name), { code: 'EBUSY' });
    await removeNamespaces([basename(name)]);
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
