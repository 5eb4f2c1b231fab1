// Needs root: network namespaces and BPF. A supervisor that is killed, and one that begins with what the service manager kept.
import assert from 'node:assert/strict';
import { chmodSync, readdirSync } from 'node:fs';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { mapsHeldBy } from '../../bench/bpf-memory.ts';
import { processStat } from '../../bench/processes.ts';
import type { Daemon } from '../../src/demo/daemon.ts';
import { KeepAliveAgent } from '../kit/agents.ts';
import { leftOfMaps } from '../kit/bpf-objects.ts';
import { type CurlAnswer, curl, METADATA_V4, needsRoot, TestNode, until } from '../kit/node.ts';
import { identities, operate } from '../kit/operator.ts';
import { StandInManager } from '../kit/stand-in-manager.ts';
import { NO_LIMITS, SteadyLoad } from '../kit/steady-load.ts';

const KILLS = 3;
const WAITING = 30;
/** As RestartSec= in the unit. */
const RESTART_MS = 100;
/** How long a busy machine may take to start a daemon, and connections to wait. */
const PATIENT = { stale_after: '30s' };

describe('what the service manager keeps', needsRoot, () => {
  let node: TestNode;
  let agent: KeepAliveAgent;
  let manager: StandInManager;

  before(async () => {
    node = await TestNode.build();
    agent = await KeepAliveAgent.start(node.runDir.file('echo-agent.sock'));
    chmodSync(agent.path, 0o666);
    node.undo('agent', () => agent.stop());
    manager = await StandInManager.start((name) => node.runDir.file(name));
    node.undo('manager', () => manager.close());
    Object.assign(process.env, { NOTIFY_SOCKET: node.runDir.file('notify'), FDSTORE: '1000' });
  });
  afterEach(async () => {
    process.env['FDSTORE'] = '1000';
  });
  after(async () => {
    for (const name of ['NOTIFY_SOCKET', 'FDSTORE']) delete process.env[name];
    await node.remove();
  });

  async function started(settings: Readonly<Record<string, unknown>> = {}): Promise<Daemon> {
    const daemon = node.startDaemon({ agent: { socket: agent.path }, ...NO_LIMITS, ...settings }, manager.through);
    await daemon.untilSteering(node.stage.tenants.length, new AbortController().signal);
    return daemon;
  }

  async function kept(): Promise<void> {
    // Of both ports: the store is brought in step once a second.
    await until('both ports are kept, and the document', () => {
      const listeners = manager.names.filter((name) => name.startsWith('listener-'));
      return manager.hasDocument && listeners.length === node.stage.tenants.length;
    });
    await sleep(1500);
  }

  async function killed(daemon: Daemon): Promise<void> {
    const workers = (await daemon.status()).workers.map(({ pid }) => pid);
    await daemon.signal('SIGKILL');
    await until('its workers have gone too', () => workers.every((pid) => processStat(pid) === undefined));
  }

  function asked(count: number): Promise<readonly CurlAnswer[]> {
    const answers = Array.from({ length: count }, (_, index) => {
      const tenant = index % 2 === 0 ? node.blue : node.green;
      return curl(tenant, `${METADATA_V4}/waiting`, '--max-time', '25');
    });
    return Promise.all(answers);
  }

  async function events(daemon: Daemon): Promise<string> {
    return (await daemon.status()).events.map(({ event }) => event).join('\n');
  }

  const openFiles = (daemon: Daemon) => readdirSync(`/proc/${daemon.pid}/fd`).length;

  async function assertNothingLeft(maps: ReadonlySet<number>): Promise<void> {
    assert.deepEqual(manager.names, []);
    await until('maps are gone', async () => {
      assert.deepEqual(await leftOfMaps(maps), []);
      return true;
    });
    const { namespace, port } = node.blue.router;
    const { stdout } = await namespace.try('tc', ['filter', 'show', 'dev', port.interface, 'ingress']);
    assert.doesNotMatch(stdout, /ms_match/);
  }

  for (const attach of ['tcx', 'clsact'] as const) {
    it(`has connections wait for the next daemon when one is killed under load, attached by ${attach}`, async () => {
      const steering = { attach, ...PATIENT };
      let daemon = await started({ steering });
      await operate(daemon, 'limits', '--port-burst', '4321');
      const before = await identities(daemon);
      const maps = new Set(mapsHeldBy(daemon.pid));
      const files: number[] = [];
      for (let kills = 1; kills <= KILLS; kills += 1) {
        // It is kept anew when the daemon has settled.
        await kept();
        const load = SteadyLoad.start(node.stage.tenants, { perSecond: 30, kept: 0 });
        await sleep(500);
        await killed(daemon);
        const waiting = asked(WAITING);
        await sleep(RESTART_MS);
        daemon = await started({ steering });
        for (const { status, headers } of await waiting) assert.equal(status, 200, headers);
        const { asked: total, answered, failures } = await load.stop();
        const { 'new connection: closed': closed = 0, 'new connection: ECONNRESET': reset = 0, ...others } = failures;
        assert.deepEqual(others, {}, 'nothing but what the killed workers had begun is lost');
        assert.ok(answered > 0 && closed + reset <= 10, `${closed} closed and ${reset} reset of ${total}`);
        assert.equal(await identities(daemon), before);
        assert.match(await events(daemon), /resumed what the service manager kept of a daemon that died, with 2 ports/);
        for (const map of mapsHeldBy(daemon.pid)) assert.ok(maps.has(map), 'the maps are the same');
        files.push(openFiles(daemon));
      }
      assert.equal((await daemon.status()).daemon.limits.port_burst, 4321, 'what an operator set holds');
      assert.ok(Math.max(...files) - Math.min(...files) <= 4, `open files stay as many: ${files}`);
      assert.equal(await daemon.stop(), true);
      await assertNothingLeft(maps);
    });
  }

  it('is given up by a daemon that is stopped, from the beginning of its stop', async () => {
    const daemon = await started();
    await kept();
    assert.equal((await daemon.status()).daemon.store.state, 'kept');
    assert.equal((await daemon.status()).daemon.store.descriptors, manager.names.length);
    assert.equal(await daemon.stop(), true);
    assert.deepEqual(manager.names, []);
    const stopping = manager.messages.indexOf('STOPPING=1');
    assert.ok(stopping !== -1 && manager.messages.slice(stopping).some((each) => each.startsWith('FDSTOREREMOVE')));
  });

  it('follows ports that go', async () => {
    const daemon = await started();
    await kept();
    await operate(daemon, 'drain', node.green.router.uuid);
    const listeners = () => manager.names.filter((name) => name.startsWith('listener-')).length;
    await until('one is kept', () => listeners() === 1);
    await operate(daemon, 'undrain');
    await until('both are', () => listeners() === 2);
    assert.equal(await daemon.stop(), true);
    assert.deepEqual(manager.names, []);
  });

  const misfits: readonly [string, () => Promise<void>, Readonly<Record<string, unknown>>, RegExp][] = [
    ['whose document is another', () => manager.spoil(), {}, /it cannot be read/],
    [
      'of another configuration',
      async () => undefined,
      { steering: { ports_max: 9 } },
      /other values of steering\.ports_max/,
    ],
  ];
  for (const [what, spoil, settings, why] of misfits) {
    it(`${what} is not used: all starts anew`, async () => {
      const former = await started();
      await kept();
      const maps = new Set(mapsHeldBy(former.pid));
      const names = [...manager.names].sort();
      await killed(former);
      await spoil();
      const daemon = await started(settings);
      assert.match(await events(daemon), new RegExp(`kept is not used, all starts anew: .*${why.source}`));
      assert.equal((await curl(node.blue, `${METADATA_V4}/`)).status, 200);
      await kept();
      assert.equal(new Set(manager.names).size, manager.names.length, 'nothing is kept twice');
      assert.equal(manager.names.length, names.length);
      await until('maps of the one before are gone', async () => (await leftOfMaps(maps)).length === 0);
      assert.equal(await daemon.stop(), true);
      await assertNothingLeft(maps);
    });
  }

  it('is used once: one that is killed before it has settled is followed by one that starts anew', async () => {
    const first = await started({ steering: PATIENT });
    await kept();
    await killed(first);
    const second = await started({ steering: PATIENT });
    await killed(second);
    const third = await started({ steering: PATIENT });
    assert.match(await events(third), /all starts anew: it was used before/);
    assert.equal((await curl(node.blue, `${METADATA_V4}/`)).status, 200);
    assert.equal(await third.stop(), true);
    assert.deepEqual(manager.names, []);
  });

  it('is the next version’s after an upgrade', async () => {
    const former = await started({ steering: PATIENT });
    await kept();
    const names = [...manager.names].sort();
    const before = await identities(former);
    assert.equal((await operate(former, 'upgrade')).status, 0);
    const { pid } = (await former.status()).daemon;
    node.runDir.recordDaemon(pid);
    // Its output goes on to be the other one’s, so it is not closed.
    await until('the one before has ended', () => processStat(former.pid) === undefined);
    await kept();
    const base = (each: string) => each.replace(/^document-./, 'document');
    assert.deepEqual([...manager.names].map(base).sort(), names.map(base).sort());
    process.kill(pid, 'SIGKILL');
    await until('it has ended', () => processStat(pid) === undefined);
    const daemon = await started({ steering: PATIENT });
    assert.match(await events(daemon), /resumed what the service manager kept/);
    assert.equal(await identities(daemon), before);
    assert.equal(await daemon.stop(), true);
    assert.deepEqual(manager.names, []);
  });

  it('is nothing where packets are held when a daemon ends', async () => {
    const daemon = await started({ steering: { on_exit: 'hold', attach: 'clsact' } });
    assert.deepEqual((await daemon.status()).daemon.store, { state: 'off', descriptors: 0, max: 1000 });
    assert.deepEqual(manager.names, []);
    assert.equal(await daemon.stop(), true);
  });

  it('holds packets for no longer than stale_after when no daemon comes', async () => {
    const daemon = await started({ steering: { stale_after: '2s' } });
    await kept();
    const maps = new Set(mapsHeldBy(daemon.pid));
    await killed(daemon);
    await sleep(2500);
    const { exit, headers } = await curl(node.blue, `${METADATA_V4}/`, '--connect-timeout', '2');
    // Whoever served before would answer; here nobody does, and the router says so.
    assert.equal(exit, 7, headers);
    await manager.forget();
    const next = await started();
    assert.equal(await next.stop(), true);
    await assertNothingLeft(maps);
  });

  it('is nothing where not all ports fit, and status says so', async () => {
    process.env['FDSTORE'] = '7';
    const daemon = await started();
    await until('it is noted', async () => (await daemon.status()).daemon.store.state === 'full');
    assert.match(await events(daemon), /nothing is kept for a restart: .* takes 7 descriptors .* are needed/);
    assert.deepEqual(manager.names, []);
    const { stdout } = await operate(daemon, 'status');
    assert.match(stdout, /store is too small/);
    assert.equal(await daemon.stop(), true);
  });
});
