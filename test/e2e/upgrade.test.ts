// Needs root: network namespaces and BPF. Another version takes over under load, and no connection is lost.
import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { processStat } from '../../bench/processes.ts';
import type { Daemon } from '../../src/demo/daemon.ts';
import { builtFile } from '../../src/kernel/paths.ts';
import { KeepAliveAgent, reply } from '../kit/agents.ts';
import { programTags } from '../kit/bpf-objects.ts';
import { HeldConnection } from '../kit/held-connection.ts';
import { curl, METADATA_V4, needsRoot, TestNode, until } from '../kit/node.ts';
import { identities, operate } from '../kit/operator.ts';
import { OtherVersion } from '../kit/other-version.ts';
import { ONLY_OURS, ResetCounter, resetOne } from '../kit/reset-counter.ts';
import { NO_LIMITS, SteadyLoad } from '../kit/steady-load.ts';

/** With each way of attaching. */
const UPGRADES = 10;

for (const attach of ['tcx', 'clsact'] as const) {
  describe(`upgrading a daemon attached by ${attach}`, needsRoot, () => {
    let node: TestNode;
    let agent: KeepAliveAgent;
    let daemon: Daemon;

    before(async () => {
      node = await TestNode.build();
      agent = await KeepAliveAgent.start(node.runDir.file('echo-agent.sock'));
      chmodSync(agent.path, 0o666);
      node.undo('agent', () => agent.stop());
      daemon = await node.startSteering({ agent: { socket: agent.path }, steering: { attach }, ...NO_LIMITS });
      node.undo('the last version', stopLast);
    });
    after(() => node.remove());

    async function pid(): Promise<number> {
      return (await daemon.status()).daemon.pid;
    }

    async function stopLast(): Promise<void> {
      const last = await pid().catch(() => 0);
      if (last === 0) return;
      process.kill(last, 'SIGTERM');
      await until('the last version has ended', () => processStat(last) === undefined);
    }

    async function upgraded(...words: readonly string[]): Promise<string> {
      const { status, stdout, stderr } = await operate(daemon, 'upgrade', ...words);
      assert.equal(status, 0, `${stderr}\n${daemon.log.join('\n')}`);
      return stdout;
    }

    it(`${UPGRADES} times under load loses nothing`, async () => {
      const before = await identities(daemon);
      const pids = [await pid()];
      const wire = await ResetCounter.start(node.stage.tenants);
      const load = SteadyLoad.start(node.stage.tenants, { perSecond: 100, kept: 4 });
      for (let times = 1; times <= UPGRADES; times += 1) {
        const said = await upgraded();
        pids.push(await pid());
        node.runDir.recordDaemon(pids[times] ?? 0);
        assert.match(
          said,
          new RegExp(`^pid ${pids[times]} .* took over from pid ${pids[times - 1]} .*, with 2 ports\n$`),
        );
      }
      const { asked, answered, failures } = await load.stop();
      assert.deepEqual(failures, {}, `${answered} of ${asked} were answered`);
      assert.ok(asked > 0);
      await resetOne(node.blue);
      const seen = await wire.stop();
      assert.ok(seen.established > UPGRADES, JSON.stringify(seen));
      assert.deepEqual({ reset: seen.reset, refused: seen.refused, lost: seen.lost }, ONLY_OURS);
      assert.equal(new Set(pids).size, UPGRADES + 1);
      assert.equal(await identities(daemon), before);
      for (const former of pids.slice(0, -1))
        await until('the ones before have ended', () => processStat(former) === undefined);
      const { ports, events } = await daemon.status();
      const served = ports.reduce((total, port) => total + port.requests, 0);
      assert.ok(served > 0 && served <= answered, `${served} of ${answered} requests are counted`);
      const verdicts = ports.map(
        ({ counters }) => (counters['pass_daemon_stale'] ?? 0) + (counters['pass_daemon_gone'] ?? 0),
      );
      assert.deepEqual(verdicts, [0, 0], 'the programs never took the daemon for gone');
      assert.match(events.at(-1)?.event ?? '', /^took over from version .*, with 2 ports$/);
    });

    it('leaves requests in progress to the one before', async () => {
      const held = new HeldConnection(node.blue.instance.namespace);
      assert.equal(await held.connect({ host: '169.254.169.254', port: 80 }), 'connected');
      let answer: () => void = () => undefined;
      const may = new Promise<void>((resolve) => {
        answer = resolve;
      });
      agent.answer = async () => {
        await may;
        return reply('late');
      };
      const late = held.get('/slow');
      await until('the agent has it', () => agent.received.some(({ requestLine }) => requestLine.includes('/slow')));
      const former = await pid();
      await upgraded();
      assert.notEqual(processStat(former), undefined, 'the one before is still there');
      agent.answer = (request) => reply(request.raw);
      assert.equal((await curl(node.blue, `${METADATA_V4}/new`)).status, 200);
      answer();
      assert.match(await late, /late$/);
      await held.close();
      await until('it ends when it is answered', () => processStat(former) === undefined);
    });

    it('keeps what was drained', async () => {
      await operate(daemon, 'drain', node.green.router.uuid);
      await upgraded();
      // What is drained is told once the new one has looked at the routers.
      await until('one is drained', async () => {
        const { ports } = await daemon.status();
        assert.deepEqual(
          ports.map(({ owner, state }) => `${owner} ${state}`).sort(),
          [`${node.blue.router.uuid} steering`, `${node.green.router.uuid} drained`].sort(),
        );
        return true;
      });
      await operate(daemon, 'undrain');
      await daemon.status();
      await until('it is steered again', async () =>
        (await daemon.status()).ports.every(({ state }) => state === 'steering'),
      );
      const wrongOwner = await curl(node.green, `${METADATA_V4}/`);
      assert.match(wrongOwner.body.toLowerCase(), new RegExp(`x-neutron-router-id: ${node.green.router.uuid}`));
    });

    it('keeps limits and workers that were set, until the file is read again', async () => {
      const { limits: file } = (await daemon.status()).daemon;
      await operate(daemon, 'limits', '--port-burst', '777');
      assert.equal((await operate(daemon, 'workers', '3')).status, 0);
      for (let times = 0; times < 2; times += 1) {
        await upgraded();
        const { daemon: about, workers } = await daemon.status();
        assert.deepEqual(about.limits, { ...file, port_burst: 777 });
        assert.equal(about.workers_wanted, 3);
        assert.equal(workers.filter(({ state }) => state === 'running').length, 3);
      }
      assert.equal((await operate(daemon, 'reload')).status, 0);
      const { daemon: about } = await daemon.status();
      assert.deepEqual(about.limits, file);
      assert.equal(about.workers_wanted, 1);
      await upgraded();
      assert.deepEqual((await daemon.status()).daemon.limits, file);
    });

    it('puts other programs in the place of those that differ', async () => {
      const other = new OtherVersion();
      try {
        other.changeAttachedPrograms();
        const before = await programTags(await pid());
        const load = SteadyLoad.start(node.stage.tenants, { perSecond: 50, kept: 2 });
        const said = await upgraded('--binary', other.main);
        const { asked, failures } = await load.stop();
        assert.match(said, /\(9\.9\.9\) took over/);
        assert.ok(asked > 0);
        assert.deepEqual(failures, {});
        const after = await programTags(await pid());
        for (const name of ['ms_match', 'ms_restore'])
          assert.notEqual(tagsOf(after, name), tagsOf(before, name), `${name} is the other version's`);
      } finally {
        await upgraded('--binary', builtFile('main'));
        other.remove();
      }
    });

    it('leaves the last one with everything to give back', async () => {
      const last = await pid();
      process.kill(last, 'SIGTERM');
      await until('it has ended', () => processStat(last) === undefined);
      const { namespace, port } = node.blue.router;
      assert.doesNotMatch(await namespace.run('tc', ['qdisc', 'show', 'dev', port.interface]), /clsact/);
      assert.doesNotMatch(await namespace.ip('netns', 'list'), new RegExp(`^${daemon.namespace}$`, 'm'));
    });
  });
}

/** Those of the programs of one name, each once. */
function tagsOf(programs: string, name: string): string {
  const tags = programs.split('\n').filter((line) => line.startsWith(`${name} `));
  return [...new Set(tags)].join();
}
