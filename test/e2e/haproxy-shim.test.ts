// Needs root: network namespaces and BPF; and haproxy. Neutron insists on a haproxy in every namespace: it gets the shim.
import assert from 'node:assert/strict';
import { readFileSync, readlinkSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { Daemon } from '../../src/demo/daemon.ts';
import { removeNamespaces } from '../../src/demo/run-dir.ts';
import { ShimmedNeutron } from '../kit/haproxy-shim.ts';
import { isRoot, TestNode, until, whoAmI } from '../kit/node.ts';
import { unlessThere } from '../kit/peers.ts';

const skip = isRoot ? unlessThere('haproxy') : 'needs root';
/** The bar for what a shim has of its own; a haproxy has some 2 MB. */
const PRIVATE_KB_MAX = 300;
const ENDS_WITHIN_MS = 1000;

function programOf(pid: number): string {
  return readlinkSync(`/proc/${pid}/exe`).replace(/^.*\//, '');
}

function field(pid: number, file: string, name: string): string {
  return new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/${file}`, 'utf8'))?.[1] ?? '';
}

/** Memory that no other process shares, in kB. */
function privateKb(pid: number): number {
  return ['Private_Clean', 'Private_Dirty'].reduce(
    (sum, name) => sum + parseInt(field(pid, 'smaps_rollup', name), 10),
    0,
  );
}

describe('where Neutron starts the shim as haproxy', { skip }, () => {
  let node: TestNode;
  let neutron: ShimmedNeutron;
  let impatient: ShimmedNeutron;
  let daemon: Daemon;
  let blue: string;
  let green: string;

  before(async () => {
    node = await TestNode.build();
    const socket = `admin_socket ${node.runDir.file('admin.sock')}`;
    const { agentSocket } = node.stage;
    neutron = await ShimmedNeutron.prepare(node.runDir, agentSocket, [socket, 'haproxy /usr/sbin/haproxy']);
    impatient = await ShimmedNeutron.prepare(node.runDir, agentSocket, [
      socket,
      'haproxy /usr/sbin/haproxy',
      'grace 0',
    ]);
    blue = node.blue.router.uuid;
    green = node.green.router.uuid;
    node.undo('what Neutron started', async () => {
      for (const each of [neutron, impatient]) for (const uuid of [blue, green]) await stop(each, uuid);
    });
    daemon = await node.startSteering();
  });
  after(() => node.remove());

  /** The process that Neutron finds, which it must. */
  async function started(who: ShimmedNeutron, tenant: 'blue' | 'green'): Promise<number> {
    const { router } = node[tenant];
    const { status, stderr } = await who.spawn(router);
    assert.equal(status, 0, stderr);
    const pid = who.activePid(router.uuid);
    assert.ok(pid, 'Neutron finds it the moment the command has returned');
    return pid;
  }

  /** As Neutron ends it: SIGTERM, and looks again. */
  async function stop(who: ShimmedNeutron, uuid: string): Promise<void> {
    const pid = who.activePid(uuid);
    if (pid === undefined) return;
    process.kill(pid, 'SIGTERM');
    await until('it has ended', () => who.activePid(uuid) === undefined);
  }

  it('a process stays that is what Neutron looks for, small and without privileges', async () => {
    const pid = await started(neutron, 'blue');
    assert.equal(programOf(pid), 'metasteer-haproxy');
    assert.equal(field(pid, 'status', 'Name'), 'haproxy');
    const own = /^metasteer-haproxy:[^:]*:(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'))?.[1] ?? '65533';
    assert.match(field(pid, 'status', 'Uid'), new RegExp(`^${own}\\s+${own}\\s`));
    assert.equal(field(pid, 'status', 'Groups').trim(), '');
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
      assert.match(field(pid, 'status', set), /^0+$/);
    assert.equal(field(pid, 'status', 'NoNewPrivs'), '1');
    assert.ok(privateKb(pid) <= PRIVATE_KB_MAX, `${privateKb(pid)} kB`);
    assert.ok(await whoAmI(node.blue), 'and the daemon answers');
  });

  it('it ends within a second after SIGTERM, not on SIGHUP', async () => {
    const pid = neutron.activePid(blue) ?? (await started(neutron, 'blue'));
    process.kill(pid, 'SIGHUP');
    process.kill(pid, 'SIGUSR2');
    await whoAmI(node.blue);
    assert.equal(neutron.activePid(blue), pid);
    process.kill(pid, 'SIGTERM');
    await until('it has ended', () => neutron.activePid(blue) === undefined, ENDS_WITHIN_MS);
  });

  it('a command line that is not Neutron’s reaches the real haproxy', async () => {
    const { status, stdout } = await neutron.run('haproxy', '-v');
    assert.equal(status, 0);
    assert.match(stdout, /^HAProxy version /);
  });

  it('a router that the daemon leaves out gets the real haproxy, and is then still served', async () => {
    await daemon.stop();
    daemon = node.startDaemon({ discovery: { include: [green] } });
    await daemon.untilSteering(1, new AbortController().signal);
    const pid = await started(neutron, 'blue');
    assert.equal(programOf(pid), 'haproxy');
    assert.ok(await whoAmI(node.blue));
    await stop(neutron, blue);
    assert.equal(programOf(await started(neutron, 'green')), 'metasteer-haproxy');
  });

  it('it stays while one daemon follows another', async () => {
    const pid = neutron.activePid(green);
    assert.ok(pid);
    await daemon.stop();
    daemon = await node.startSteering();
    assert.equal(neutron.activePid(green), pid);
    await stop(neutron, green);
  });

  it('it ends when the daemon has gone for good, and what Neutron then starts is the real haproxy', async () => {
    await started(impatient, 'blue');
    // Nobody else comes to clear what it leaves.
    node.undo('namespace of the killed daemon', () => removeNamespaces([daemon.namespace]));
    await daemon.signal('SIGKILL');
    await until('it has ended', () => impatient.activePid(blue) === undefined);
    const pid = await started(impatient, 'blue');
    assert.equal(programOf(pid), 'haproxy');
    assert.ok(await whoAmI(node.blue), 'the real one answers');
  });
});
