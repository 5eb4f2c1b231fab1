// Needs root: network namespaces and BPF. The daemon under the restrictions of its systemd unit, without systemd.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { parse, stringify } from 'yaml';
import { processStat } from '../../bench/processes.ts';
import type { Daemon } from '../../src/demo/daemon.ts';
import { needsRoot, TestNode, until, whoAmI } from '../kit/node.ts';
import { operate } from '../kit/operator.ts';
import { RestrictedUnit } from '../kit/restricted.ts';

const unit = new RestrictedUnit('metasteer.service');

describe('under the restrictions of its unit the daemon', needsRoot, () => {
  let node: TestNode;
  let daemon: Daemon;
  before(async () => {
    node = await TestNode.build();
    daemon = node.startDaemon({}, await unit.command());
    await daemon.untilSteering(node.stage.tenants.length, new AbortController().signal);
  });
  after(() => node.remove());

  it('has no capability but those of the unit, a filter of system calls, and can gain no privileges', () => {
    unit.assertHolds(daemon.pid);
  });

  it('serves, and replaces a worker that is killed', async () => {
    for (const tenant of node.stage.tenants) assert.equal(await whoAmI(tenant), tenant.known.uuid);
    const [worker] = (await daemon.status()).workers;
    assert.ok(worker);
    process.kill(worker.pid, 'SIGKILL');
    await until('another serves', async () => {
      const { workers } = await daemon.status();
      return workers.some(({ pid, state }) => pid !== worker.pid && state === 'running');
    });
    assert.equal(await whoAmI(node.blue), node.blue.known.uuid);
  });

  it('reloads its configuration with new workers, drains, and steers again', async () => {
    const config = parse(readFileSync(daemon.configFile, 'utf8')) as Readonly<Record<string, unknown>>;
    writeFileSync(daemon.configFile, stringify({ ...config, worker: { heap: '300MiB' } }));
    const reload = await operate(daemon, 'reload');
    assert.equal(reload.stdout, 'changed: worker.heap\n', reload.stderr);
    for (const words of [['drain', node.green.router.uuid], ['undrain']]) {
      const { status, stderr } = await operate(daemon, ...words);
      assert.equal(status, 0, stderr);
    }
    await daemon.untilSteering(node.stage.tenants.length, new AbortController().signal);
    for (const tenant of node.stage.tenants) assert.equal(await whoAmI(tenant), tenant.known.uuid);
  });

  it('hands over to another, which has the same restrictions', async () => {
    const { status, stderr } = await operate(daemon, 'upgrade');
    assert.equal(status, 0, stderr);
    const { pid } = (await daemon.status()).daemon;
    assert.notEqual(pid, daemon.pid);
    node.runDir.recordDaemon(pid);
    assert.match(readFileSync(`/proc/${pid}/status`, 'utf8'), /^NoNewPrivs:\s*1\nSeccomp:\s*2$/m);
    for (const tenant of node.stage.tenants) assert.equal(await whoAmI(tenant), tenant.known.uuid);
  });

  it('leaves nothing behind when it stops', async () => {
    const { pid } = (await daemon.status()).daemon;
    process.kill(pid, 'SIGTERM');
    await until('it has ended', () => processStat(pid) === undefined);
    assert.equal(existsSync(`/run/netns/${daemon.namespace}`), false);
    const { namespace, port } = node.blue.router;
    assert.equal(await namespace.run('tc', ['filter', 'show', 'dev', port.interface, 'ingress']), '');
  });
});
