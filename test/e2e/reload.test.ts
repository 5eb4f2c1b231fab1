// Needs root: network namespaces and BPF. The configuration is read again under load, and no connection is lost.
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import type { Daemon } from '../../src/demo/daemon.ts';
import { KeepAliveAgent } from '../kit/agents.ts';
import { curl, METADATA_V4, needsRoot, TestNode, until } from '../kit/node.ts';
import { operate } from '../kit/operator.ts';
import { ONLY_OURS, ResetCounter, resetOne } from '../kit/reset-counter.ts';
import { NO_LIMITS, SteadyLoad } from '../kit/steady-load.ts';

const RELOADS = 10;
type Settings = Readonly<Record<string, unknown>>;

describe('reloading', needsRoot, () => {
  let node: TestNode;
  let daemon: Daemon;
  let original: Settings;

  before(async () => {
    node = await TestNode.build();
    const agent = await KeepAliveAgent.start(node.runDir.file('echo-agent.sock'));
    chmodSync(agent.path, 0o666);
    node.undo('agent', () => agent.stop());
    daemon = await node.startSteering({ agent: { socket: agent.path }, ...NO_LIMITS });
    original = parse(readFileSync(daemon.configFile, 'utf8')) as Settings;
  });
  after(() => node.remove());

  /** Those that are not about to end. */
  async function workers(): Promise<readonly number[]> {
    const { workers: all } = await daemon.status();
    return all.filter(({ state }) => state === 'running').map(({ pid }) => pid);
  }

  /** Writes the first configuration with other values in some sections, and has it read. */
  function reload(changes: Readonly<Record<string, Settings | number>>) {
    const sections = Object.entries(changes).map(([name, values]) => {
      const before = original[name];
      return [name, typeof values === 'object' ? { ...(typeof before === 'object' ? before : {}), ...values } : values];
    });
    writeFileSync(daemon.configFile, stringify({ ...original, ...Object.fromEntries(sections) }));
    return operate(daemon, 'reload');
  }

  it(`${RELOADS} times under load loses nothing`, async () => {
    const wire = await ResetCounter.start(node.stage.tenants);
    const load = SteadyLoad.start(node.stage.tenants, { perSecond: 100, kept: 4 });
    for (let times = 1; times <= RELOADS; times += 1) {
      await sleep(300);
      const { status, stdout, stderr } = await reload({
        agent: { concurrency: 8 + times },
        guard: { port_burst: 10_000 + times },
        steering: { stale_after: times % 2 === 0 ? '2s' : '3s' },
        workers: 1 + (times % 2),
      });
      assert.equal(status, 0, stderr);
      assert.match(stdout, /^changed: .*workers.*agent\.concurrency.*steering\.stale_after.*guard\.port_burst/);
    }
    await sleep(300);
    const { asked, answered, failures } = await load.stop();
    assert.deepEqual(failures, {}, `${answered} of ${asked} were answered`);
    await resetOne(node.blue);
    const seen = await wire.stop();
    assert.ok(seen.established > RELOADS, JSON.stringify(seen));
    assert.deepEqual({ reset: seen.reset, refused: seen.refused, lost: seen.lost }, ONLY_OURS);
    const { daemon: about } = await daemon.status();
    assert.equal(about.limits.port_burst, 10_000 + RELOADS);
    assert.equal(about.workers_lost, 0);
    await until('the workers before have ended', async () => (await daemon.status()).workers.length === 1);
  });

  it('tells who asks what is wrong with the file, by line and key, and changes nothing', async () => {
    await reload({});
    const running = await workers();
    writeFileSync(daemon.configFile, `${stringify(original)}log:\n  level: loud\n`);
    const { status, stderr } = await operate(daemon, 'reload');
    const lines = stringify(original).split('\n').length + 1;
    assert.equal(status, 2);
    assert.match(stderr, new RegExp(`${daemon.configFile}:${lines}:10: log\\.level: expected one of`));
    const after = await daemon.status();
    assert.deepEqual(await workers(), running);
    assert.match(after.events.at(-1)?.event ?? '', /^not reloaded, the configuration before stays: .*log\.level/);
    assert.equal((await curl(node.blue, `${METADATA_V4}/`)).status, 200);
  });

  it('says what takes effect only after a restart, also in status', async () => {
    const { status, stdout } = await reload({ steering: { ports_max: 7 }, guard: { source_rate: 9 } });
    assert.equal(status, 0);
    assert.equal(stdout, 'changed: guard.source_rate\nafter a restart only: steering.ports_max\n');
    assert.deepEqual((await daemon.status()).daemon.needs_restart, ['steering.ports_max']);
    await reload({});
    assert.deepEqual((await daemon.status()).daemon.needs_restart, []);
  });

  it('lets go of an owner that is excluded, and takes it back, at SIGHUP', async () => {
    const excluded = { ...original, discovery: { include: [node.green.router.uuid] } };
    const owners = async () => (await daemon.status()).ports.map(({ owner, state }) => `${owner} ${state}`).sort();
    writeFileSync(daemon.configFile, stringify(excluded));
    await daemon.signal('SIGHUP');
    await until('one is left', async () => {
      assert.deepEqual(await owners(), [`${node.green.router.uuid} steering`]);
      return true;
    });
    writeFileSync(daemon.configFile, stringify(original));
    await daemon.signal('SIGHUP');
    const both = node.stage.tenants.map(({ router }) => `${router.uuid} steering`).sort();
    await until('both are steered', async () => {
      assert.deepEqual(await owners(), both);
      return true;
    });
    assert.equal((await curl(node.blue, `${METADATA_V4}/`)).status, 200);
  });

  it('leaves the workers when none runs with the new configuration', async () => {
    const running = await workers();
    const { status, stderr } = await reload({ worker: { user: 'nobody-of-that-name' } });
    assert.equal(status, 1, stderr);
    assert.match(stderr, /there is no user nobody-of-that-name[\s\S]*\(reload-failed\)/);
    assert.deepEqual(await workers(), running);
    assert.equal((await reload({})).status, 0);
  });
});
