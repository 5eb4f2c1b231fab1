import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { reload } from '../../src/cli/admin-client.ts';
import { runCommand } from '../../src/demo/command.ts';
import { builtFile } from '../../src/kernel/paths.ts';
import { METADATA_V4, portOf, until } from '../kit/node.ts';
import { FAKETIME, unlessThere } from '../kit/peers.ts';
import type { NodeSite } from './node-site.ts';
import type { FaultRow } from './row.ts';

/** Requests whose lines are several times what a pipe or a small disk takes. */
const LOGGED = 600;
const SMALL_DISK = '64k';
/** Longer than a worker that is believed to be stuck, or a daemon to be stale, would be waited for. */
const AFTER_JUMP_MS = 3000;
const DAY_MS = 86_400_000;

/** A disk with nothing on it, until the row ends. */
async function smallDisk(site: NodeSite): Promise<string> {
  const path = site.node.runDir.file('disk');
  mkdirSync(path);
  await runCommand('mount', ['-t', 'tmpfs', '-o', `size=${SMALL_DISK}`, 'tmpfs', path]);
  site.undo(async () => {
    await runCommand('umount', ['-l', path]);
    rmSync(path, { recursive: true });
  });
  return path;
}

/** A daemon that logs every request to a pipe that nobody reads, or a file: whatever becomes of its lines, it serves and ends in time. */
async function servesLogging(site: NodeSite, output: 'pipe' | number): Promise<void> {
  assert.equal(await site.daemon.stop(), true);
  site.restart({ log: { access: 'all', level: 'debug' } });
  await site.untilServed();
  assert.equal(await site.daemon.stop(), true);
  // Whatever becomes of this one, the rows after it have a daemon.
  site.undo(() => site.restart());
  const words = [builtFile('main'), 'run', '-c', site.daemon.configFile];
  const child = spawn(process.execPath, words, { stdio: ['ignore', output, 'inherit'] });
  if (child.pid !== undefined) site.node.runDir.recordDaemon(child.pid);
  const exited = new Promise((resolve) => child.once('exit', resolve));
  site.undo(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  await site.untilServed();
  const args = ['-s', '-o', '/dev/null', '-w', '%{http_code}\n', `${METADATA_V4}/[1-${LOGGED}]`];
  const { stdout } = await site.blue.instance.namespace.try('curl', args, { timeoutMs: 40_000 });
  assert.equal(stdout.match(/^\d{3}$/gm)?.filter((status) => status !== '000').length, LOGGED);
  child.kill('SIGTERM');
  assert.equal(await exited, 0);
}

const logs: readonly FaultRow<NodeSite>[] = [
  {
    fault: 'nobody reads the daemon’s log',
    when: 'with more lines than its pipe takes',
    holds: 'every request is served, and it stops in time',
    inject: (site) => servesLogging(site, 'pipe'),
  },
  {
    fault: 'the disk is full',
    when: 'on which the daemon’s log is',
    holds: 'every request is served, and it stops in time',
    inject: async (site) => {
      const disk = await smallDisk(site);
      const log = openSync(`${disk}/log`, 'a');
      try {
        await servesLogging(site, log);
      } finally {
        closeSync(log);
      }
      assert.equal(statfsSync(disk).bavail, 0, 'it was full');
    },
  },
];

const disks: readonly FaultRow<NodeSite>[] = [
  {
    fault: 'the disk is full',
    when: 'on which another daemon’s run_dir is, when it starts',
    holds: 'it says so, leaves nothing, and starts once there is room',
    inject: async (site) => {
      const disk = await smallDisk(site);
      const filling = `${disk}/filling`;
      await runCommand('sh', ['-c', `cat /dev/zero >${filling} 2>/dev/null || true`]);
      const config = readFileSync(site.daemon.configFile);
      site.undo(() => writeFileSync(site.daemon.configFile, config));
      const namespace = `${site.daemon.namespace}-2`;
      const settings = {
        ...{ run_dir: disk, namespace, admin: { socket: site.node.runDir.file('other.sock') } },
        discovery: { include: [site.spareUuid()] },
      };
      const refused = site.node.startDaemon(site.settings(settings));
      assert.equal((await refused.ended).code, 1);
      assert.match(refused.log.join('\n'), /ENOSPC[\s\S]*\(namespace-failed\)/);
      assert.ok(!readdirSync('/run/netns').includes(namespace));
      // The lock's file stays wherever a daemon was.
      assert.deepEqual(readdirSync(disk).sort(), ['filling', 'lock']);
      rmSync(filling);
      const accepted = site.node.startDaemon(site.settings(settings));
      await until('it has started', () => accepted.log.some((line) => line.includes('"started"')));
      assert.equal(await accepted.stop(), true);
    },
  },
];

const clocks: readonly FaultRow<NodeSite>[] = [
  {
    fault: 'the supervisor’s clock is moved',
    when: 'by a day back and by a day ahead, while it serves',
    holds: 'it serves, the worker is the same, and no packet passes by',
    skip: unlessThere('libfaketime'),
    inject: async (site) => {
      const file = site.node.runDir.file('clock');
      const set = (offset: string) => writeFileSync(file, `${offset}\n`);
      set('+0');
      assert.equal(await site.daemon.stop(), true);
      const variables = [`LD_PRELOAD=${FAKETIME}`, `FAKETIME_TIMESTAMP_FILE=${file}`, 'FAKETIME_NO_CACHE=1'];
      site.restart({}, ['env', ...variables, 'DONT_FAKE_MONOTONIC=1']);
      site.undo(async () => {
        assert.equal(await site.daemon.stop(), true);
        rmSync(file);
        site.restart();
      });
      await site.untilServed();
      const worker = await site.workerPid();
      for (const days of [-1, 1, 0]) {
        set(`${days < 0 ? '' : '+'}${days}d`);
        await sleep(AFTER_JUMP_MS);
        await site.untilServed();
        await reload(site.daemon.adminSocket);
        const at = Date.parse((await site.daemon.status()).events.at(-1)?.at ?? '');
        assert.ok(Math.abs(at - Date.now() - days * DAY_MS) < DAY_MS / 24, `it believes that it is ${new Date(at)}`);
      }
      const { counters } = await portOf(site.daemon, site.blue);
      assert.equal((counters['pass_daemon_stale'] ?? 0) + (counters['pass_daemon_gone'] ?? 0), 0);
      assert.equal(await site.workerPid(), worker);
    },
  },
];

export const RESOURCE_ROWS: readonly FaultRow<NodeSite>[] = [...logs, ...disks, ...clocks];
