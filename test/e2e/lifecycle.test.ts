// Needs root: network namespaces and BPF. How the daemon starts, stops, is killed, and starts again.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { Daemon } from '../../src/demo/daemon.ts';
import type { Tenant } from '../../src/demo/stage.ts';
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

/** Our programs that are loaded anywhere on this machine. */
function loadedPrograms(): readonly number[] {
  const programs = JSON.parse(execFileSync('bpftool', ['-j', 'prog', 'show'], { encoding: 'utf8' })) as readonly {
    readonly id: number;
    readonly name?: string;
  }[];
  return programs.filter(({ name }) => name?.startsWith('ms_') === true).map(({ id }) => id);
}

for (const attach of ['tcx', 'clsact'] as const) {
  describe(`a daemon attached by ${attach}`, needsRoot, () => {
    let node: TestNode;
    let untouched: string;
    let programs: readonly number[];

    before(async () => {
      node = await TestNode.build();
      untouched = await interfaceState(node.blue);
      programs = loadedPrograms();
    });
    after(() => node.remove());

    function leftBy(daemon: Daemon): unknown {
      return {
        programs: loadedPrograms().filter((id) => !programs.includes(id)),
        namespace: existsSync(`/run/netns/${daemon.namespace}`),
        adminSocket: existsSync(daemon.adminSocket),
      };
    }

    it('leaves nothing behind after SIGTERM', async () => {
      const daemon = await node.startSteering({ steering: { attach } });
      const workers = (await daemon.status()).workers.map(({ pid }) => pid);
      assert.equal(await daemon.stop(), true, 'it ended by itself');
      assert.equal(await interfaceState(node.blue), untouched);
      // The kernel frees programs a moment after their last reference has gone.
      await until('no program is loaded', () => loadedPrograms().every((id) => programs.includes(id)));
      assert.deepEqual(leftBy(daemon), { programs: [], namespace: false, adminSocket: false });
      for (const pid of workers) assert.equal(existsSync(`/proc/${pid}`), false, 'its worker has ended');
    });

    it('gives metadata traffic back when it is killed, and the next start clears up and works', async () => {
      const steering = { attach, stale_after: '500ms' };
      const first = await node.startSteering({ steering });
      assert.equal(await whoAmI(node.blue), node.blue.known.uuid);
      const workers = (await first.status()).workers.map(({ pid }) => pid);
      const { namespace } = node.blue.router;
      // What answers without us: the rules of Neutron redirect to this port.
      const haproxy = await EchoServers.start(namespace, { tcp: [9697] });
      node.undo('what answers without us', () => haproxy.stop());

      await first.signal('SIGKILL');
      await until('the worker has gone too', () => workers.every((pid) => !existsSync(`/proc/${pid}`)));
      await until(
        'the router answers itself',
        async () => (await curl(node.blue, `${METADATA_V4}/`)).body === 'tcp 9697',
      );
      assert.ok(existsSync(`/run/netns/${first.namespace}`), 'the namespace stays behind');

      const second = await node.startSteering({ steering });
      assert.equal(await whoAmI(node.blue), node.blue.known.uuid);
      assert.equal(await second.stop(), true);
      assert.equal(await interfaceState(node.blue), untouched);
      await until('no program is loaded', () => loadedPrograms().every((id) => programs.includes(id)));
      assert.deepEqual(leftBy(second), { programs: [], namespace: false, adminSocket: false });
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
    const before = readdirSync('/run/netns');
    const second = node.startDaemon({ admin: { socket: node.runDir.file('other.sock') } });
    const { code } = await second.ended;
    assert.equal(code, 1);
    const said = second.log.join('\n');
    assert.match(said, new RegExp(`held by pid ${first.pid} \\(`));
    assert.match(said, /what to do: .*\(lock-held\)/);
    assert.deepEqual(readdirSync('/run/netns'), before);
    assert.equal(await whoAmI(node.blue), node.blue.known.uuid);
  });
});
