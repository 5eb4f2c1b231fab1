// Needs root: network namespaces and BPF. The daemon under the restrictions of its systemd unit, without systemd.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse, stringify } from 'yaml';
import { processStat } from '../../bench/processes.ts';
import { runCommand } from '../../src/demo/command.ts';
import type { Daemon } from '../../src/demo/daemon.ts';
import { needsRoot, TestNode, until, whoAmI } from '../kit/node.ts';
import { operate } from '../kit/operator.ts';
import { ROOT, read } from '../tidy/sources.ts';

const unit = read('packaging/systemd/metasteer.service');
const RESTRICT = join(ROOT, 'test/kit/restrict.py');

/** The words of a setting of the unit. */
function setting(name: string): readonly string[] {
  const value = new RegExp(`^${name}=~?(.*)$`, 'm').exec(unit)?.[1];
  assert.ok(value, `${name} is set`);
  return value.split(' ');
}

const kept = setting('CapabilityBoundingSet').map((name) => name.toLowerCase().replace('cap_', ''));

/** A command that gives up what the unit takes away, and becomes what comes after it. */
async function restricted(): Promise<readonly string[]> {
  const all = (await runCommand('setpriv', ['--list-caps'])).trim().split('\n');
  const dropped = all.filter((name) => !kept.includes(name)).map((name) => `-${name}`);
  const lists = [setting('SystemCallFilter'), setting('RestrictAddressFamilies'), setting('RestrictNamespaces')];
  return [
    ...['setpriv', `--bounding-set=${dropped.join(',')}`, '--inh-caps=-all', '--no-new-privs'],
    ...['/usr/bin/python3', RESTRICT, ...lists.map((list) => list.join(','))],
  ];
}

describe('under the restrictions of its unit the daemon', needsRoot, () => {
  let node: TestNode;
  let daemon: Daemon;
  before(async () => {
    node = await TestNode.build();
    daemon = node.startDaemon({}, await restricted());
    await daemon.untilSteering(node.stage.tenants.length, new AbortController().signal);
  });
  after(() => node.remove());

  it('has no capability but those of the unit, a filter of system calls, and can gain no privileges', () => {
    const status = readFileSync(`/proc/${daemon.pid}/status`, 'utf8');
    const numbers = readFileSync('/usr/include/linux/capability.h', 'utf8').matchAll(/^#define CAP_(\w+)\s+(\d+)$/gm);
    const bits = new Map([...numbers].map(([, name = '', bit]) => [name.toLowerCase(), 1n << BigInt(bit ?? 0)]));
    const allowed = kept.reduce((mask, name) => mask | (bits.get(name) ?? 0n), 0n);
    for (const set of ['CapBnd', 'CapPrm', 'CapEff']) {
      const has = BigInt(`0x${new RegExp(`^${set}:\\s*(\\w+)$`, 'm').exec(status)?.[1]}`);
      assert.equal(has & ~allowed, 0n, set);
      assert.notEqual(has, 0n);
    }
    assert.match(status, /^NoNewPrivs:\s*1$/m);
    assert.match(status, /^Seccomp:\s*2$/m);
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
