// Needs root: network namespaces and BPF; and haproxy. Who answers while a supervisor that was killed is started anew.
import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { processStat } from '../../bench/processes.ts';
import type { Daemon } from '../../src/demo/daemon.ts';
import { KeepAliveAgent, reply } from '../kit/agents.ts';
import { NeutronHaproxy } from '../kit/haproxy.ts';
import { HeldConnection } from '../kit/held-connection.ts';
import { curl, isRoot, METADATA_V4, portOf, TestNode, until } from '../kit/node.ts';
import { unlessThere } from '../kit/peers.ts';
import { StandInManager } from '../kit/stand-in-manager.ts';

const skip = isRoot ? unlessThere('haproxy') : 'needs root';
const TARGET = { host: '169.254.169.254', port: 80 } as const;
/** Time for a slow machine to open connections in. */
const STALE_AFTER_MS = 3000;

describe('a killed daemon of which descriptors are kept, beside a haproxy', { skip }, () => {
  let node: TestNode;
  let manager: StandInManager;
  let settings: Readonly<Record<string, unknown>>;

  before(async () => {
    node = await TestNode.build();
    const theirs = await KeepAliveAgent.start(node.runDir.file('their-agent.sock'), () => reply('haproxy'));
    const ours = await KeepAliveAgent.start(node.runDir.file('our-agent.sock'), () => reply('metasteer'));
    for (const agent of [theirs, ours]) {
      chmodSync(agent.path, 0o666);
      node.undo('an agent', () => agent.stop());
    }
    const haproxy = await NeutronHaproxy.start(node.blue.router, node.runDir, theirs.path);
    node.undo('haproxy', () => haproxy.stop());
    manager = await StandInManager.start((name) => node.runDir.file(name));
    node.undo('manager', () => manager.close());
    Object.assign(process.env, { NOTIFY_SOCKET: node.runDir.file('notify'), FDSTORE: '1000' });
    settings = {
      agent: { socket: ours.path, generation: 'keep-alive' },
      steering: { stale_after: `${STALE_AFTER_MS}ms` },
    };
  });
  after(async () => {
    for (const name of ['NOTIFY_SOCKET', 'FDSTORE']) delete process.env[name];
    await node.remove();
  });

  async function started(): Promise<Daemon> {
    const daemon = node.startDaemon(settings, manager.through);
    await daemon.untilSteering(node.stage.tenants.length, new AbortController().signal);
    return daemon;
  }

  it('answers what waited for it, and leaves to haproxy what came too late to wait', async () => {
    const former = await started();
    await until('it is kept', () => manager.hasDocument);
    await sleep(1500);
    const workers = (await former.status()).workers.map(({ pid }) => pid);
    await former.signal('SIGKILL');
    await until('its workers have gone too', () => workers.every((pid) => processStat(pid) === undefined));
    const waiting = curl(node.blue, `${METADATA_V4}/waiting`, '--max-time', '30');
    await sleep(STALE_AFTER_MS + 500);
    const late = new HeldConnection(node.blue.instance.namespace);
    assert.equal(await late.connect(TARGET), 'connected');
    assert.match(await late.get('/'), /haproxy$/, 'packets pass after stale_after');

    const daemon = await started();
    const { status, body } = await waiting;
    assert.deepEqual({ status, body }, { status: 200, body: 'metasteer' }, 'it waited in our queue all the time');
    assert.match(await late.get('/'), /haproxy$/, 'and a connection of haproxy’s is not cut');
    assert.equal((await curl(node.blue, `${METADATA_V4}/`)).body, 'metasteer');
    const { counters } = await portOf(daemon, node.blue);
    assert.ok((counters['pass_daemon_stale'] ?? 0) > 0 && (counters['pass_other_flow'] ?? 0) > 0);
    await late.close();
    assert.equal(await daemon.stop(), true);
    assert.deepEqual(manager.names, []);
  });
});
