// Needs root: network namespaces and BPF. How the daemon starts, stops, is killed, and starts again.
import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { mapsHeldBy } from '../../bench/bpf-memory.ts';
import { processStat } from '../../bench/processes.ts';
import type { Daemon } from '../../src/demo/daemon.ts';
import type { Tenant } from '../../src/demo/stage.ts';
import { SHARED_MAPS } from '../../src/kernel/maps.ts';
import { leftOfMaps } from '../kit/bpf-objects.ts';
import { EchoServers } from '../kit/echo-servers.ts';
import { curl, METADATA_V4, needsRoot, portOf, TestNode, until, whoAmI } from '../kit/node.ts';

/** Everything about a router interface that steering may touch. */
async function interfaceState(tenant: Tenant): Promise<string> {
  const { namespace, port } = tenant.router;
  const link = await namespace.ip('-d', 'link', 'show', 'dev', port.interface);
  const qdiscs = await namespace.run('tc', ['qdisc', 'show', 'dev', port.interface]);
  const filters = await namespace.try('tc', ['filter', 'show', 'dev', port.interface, 'ingress']);
  return [link, qdiscs, filters.stdout].join('\n');
}

for (const attach of ['tcx', 'clsact'] as const) {
  describe(`a daemon attached by ${attach}`, needsRoot, () => {
    let node: TestNode;
    let untouched: string;

    before(async () => {
      node = await TestNode.build();
      untouched = await interfaceState(node.blue);
    });
    after(() => node.remove());

    /** The kernel frees programs and maps a moment after their last user has gone. */
    async function untilNothingIsLeft(daemon: Daemon, maps: ReadonlySet<number>): Promise<void> {
      await until('no program and no map is left', async () => {
        assert.deepEqual(await leftOfMaps(maps), []);
        return true;
      });
      assert.equal(existsSync(`/run/netns/${daemon.namespace}`), false);
      assert.equal(existsSync(daemon.adminSocket), false);
    }

    it('leaves nothing behind after SIGTERM', async () => {
      const daemon = await node.startSteering({ steering: { attach } });
      const workers = (await daemon.status()).workers.map(({ pid }) => pid);
      const maps = new Set(mapsHeldBy(daemon.pid));
      assert.equal(maps.size, SHARED_MAPS);
      const present = await leftOfMaps(maps);
      assert.equal(present.filter((line) => line.startsWith('map ')).length, maps.size);
      const programs = present.filter((line) => line.startsWith('program '));
      assert.equal(programs.length, 6, 'one for each of two ports, and four for both');
      assert.equal(await daemon.stop(), true, 'it ended by itself');
      assert.equal(await interfaceState(node.blue), untouched);
      await untilNothingIsLeft(daemon, maps);
      for (const pid of workers) assert.equal(processStat(pid), undefined, 'its worker has ended');
    });

    it('gives metadata traffic back when it is killed, and the next start clears up and works', async () => {
      // However long its heartbeat would be believed.
      const steering = { attach, stale_after: '1m' };
      const first = await node.startSteering({ steering });
      assert.equal(await whoAmI(node.blue), node.blue.known.uuid);
      const workers = (await first.status()).workers.map(({ pid }) => pid);
      const { namespace } = node.blue.router;
      // What answers without us: the rules of Neutron redirect to this port.
      const haproxy = await EchoServers.start(namespace, { tcp: [9697] });
      node.undo('what answers without us', () => haproxy.stop());

      const mapsOfFirst = new Set(mapsHeldBy(first.pid));
      await first.signal('SIGKILL');
      await until('the worker has gone too', () => workers.every((pid) => processStat(pid) === undefined));
      await until(
        'the router answers itself',
        async () => (await curl(node.blue, `${METADATA_V4}/`)).body === 'tcp 9697',
      );
      assert.ok(existsSync(`/run/netns/${first.namespace}`), 'the namespace stays behind');

      const second = await node.startSteering({ steering });
      assert.equal(await whoAmI(node.blue), node.blue.known.uuid);
      const mapsOfSecond = new Set(mapsHeldBy(second.pid));
      assert.equal(await second.stop(), true);
      assert.equal(await interfaceState(node.blue), untouched);
      for (const maps of [mapsOfFirst, mapsOfSecond]) await untilNothingIsLeft(second, maps);
    });

    it('serves again when its worker is killed, on the same sockets', async () => {
      const daemon = await node.startSteering({ steering: { attach } });
      const [worker] = (await daemon.status()).workers;
      assert.ok(worker);
      process.kill(worker.pid, 'SIGKILL');
      // The connection waits in the listening socket, which is the supervisor's.
      await until('there is another worker', async () =>
        (await daemon.status()).workers.some(({ pid, state }) => pid !== worker.pid && state === 'running'),
      );
      assert.equal(await whoAmI(node.blue), node.blue.known.uuid);
      assert.equal((await portOf(daemon, node.blue)).state, 'steering');
      assert.equal(await daemon.stop(), true);
    });
  });
}

describe('two daemons', needsRoot, () => {
  let node: TestNode;
  before(async () => {
    node = await TestNode.build();
  });
  after(() => node.remove());

  it('the second refuses to start, says who holds the lock, and disturbs nothing', async () => {
    const first = await node.startSteering();
    const namespace = statSync(`/run/netns/${first.namespace}`).ino;
    const second = node.startDaemon({ admin: { socket: node.runDir.file('other.sock') } });
    const { code } = await second.ended;
    assert.equal(code, 1);
    const said = second.log.join('\n');
    assert.match(said, new RegExp(`held by pid ${first.pid} \\(`));
    assert.match(said, /what to do: .*\(lock-held\)/);
    assert.equal(statSync(`/run/netns/${first.namespace}`).ino, namespace);
    assert.equal(await whoAmI(node.blue), node.blue.known.uuid);
  });
});
