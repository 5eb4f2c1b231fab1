// Needs root: network namespaces and BPF. Workers that are shut in, those that are not, and where that is not allowed.
import assert from 'node:assert/strict';
import { linkSync, mkdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { tryCommand } from '../../src/demo/command.ts';
import type { Daemon } from '../../src/demo/daemon.ts';
import type { Finding } from '../../src/doctor/finding.ts';
import { builtFile } from '../../src/kernel/paths.ts';
import { needsRoot, TestNode, until, whoAmI } from '../kit/node.ts';
import { operate } from '../kit/operator.ts';
import { ROOT } from '../tidy/sources.ts';

const FAMILIES = 'AF_UNIX,AF_INET,AF_INET6,AF_NETLINK,AF_PACKET';
const RESTRICT = ['/usr/bin/python3', join(ROOT, 'test/kit/restrict.py')];

describe('the sandbox of workers', needsRoot, () => {
  let node: TestNode;
  let daemon: Daemon;
  before(async () => {
    node = await TestNode.build();
  });
  afterEach(async () => assert.equal(await daemon.stop(), true));
  after(() => node.remove());

  const workerPid = async () => (await daemon.status()).workers[0]?.pid ?? 0;

  it('is there unless it is switched off: namespaces, root, filters, limits', async () => {
    daemon = await node.startSteering();
    const pid = await workerPid();
    for (const kind of ['pid', 'mnt', 'net'])
      assert.notEqual(readlinkSync(`/proc/${pid}/ns/${kind}`), readlinkSync(`/proc/self/ns/${kind}`), kind);
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    assert.match(status, /^NSpid:\t\d+\t1$/m);
    assert.match(status, /^Seccomp:\t2$/m);
    assert.match(status, /^Seccomp_filters:\t2$/m);
    const limits = readFileSync(`/proc/${pid}/limits`, 'utf8');
    for (const limit of ['processes', 'file size', 'core file size'])
      assert.match(limits, new RegExp(`^Max ${limit}\\s+0\\s+0\\s`, 'm'));
    const mounts = readFileSync(`/proc/${pid}/mountinfo`, 'utf8').trim().split('\n');
    for (const mount of mounts) assert.match(mount.split(' ')[5] ?? '', /^ro,nosuid,nodev/, mount);
    assert.deepEqual(
      (await daemon.status()).weaknesses.filter((weakness) => /sandbox/.test(weakness)),
      [],
    );
  });

  it('off is said at the start, by status and by the doctor', async () => {
    daemon = await node.startSteering({ worker: { sandbox: 'off' } });
    assert.equal(await whoAmI(node.blue), node.blue.known.uuid);
    const told = /worker\.sandbox is off/;
    await until('the log says so', () => daemon.log.some((line) => /"level":"warn"/.test(line) && told.test(line)));
    assert.match((await operate(daemon, 'status')).stdout, told);
    assert.match((await daemon.status()).weaknesses.join(), told);
    const doctor = [builtFile('main'), 'doctor', '-c', daemon.configFile, '--json'];
    const { stdout } = await tryCommand(process.execPath, doctor);
    const { findings } = JSON.parse(stdout) as { readonly findings: readonly Finding[] };
    assert.ok(
      findings.some(({ result, message }) => result === 'warning' && told.test(message)),
      stdout,
    );
  });

  it('sees a socket that is made anew, also where its folder is', async () => {
    const folder = node.runDir.file('place');
    const socket = join(folder, 'agent.sock');
    const make = () => {
      mkdirSync(folder);
      linkSync(node.stage.agentSocket, socket);
    };
    make();
    daemon = await node.startSteering({ agent: { socket, queue_timeout: '200ms' } });
    const first = await workerPid();
    assert.equal(await whoAmI(node.blue), node.blue.known.uuid);
    rmSync(socket);
    linkSync(node.stage.agentSocket, socket);
    assert.equal(await whoAmI(node.blue), node.blue.known.uuid);
    assert.equal(await workerPid(), first);
    rmSync(folder, { recursive: true });
    make();
    await until('another worker sees it', async () => ![0, first].includes(await workerPid()));
    await until('it answers', async () => (await whoAmI(node.blue)) === node.blue.known.uuid);
  });

  for (const [what, denied, namespaces, refused] of [
    ['no PID namespaces', 'acct', 'net,mnt', /a worker cannot have a PID namespace: .*EPERM/],
    ['no change of root', 'pivot_root', 'net,mnt,pid', /metasteer-launch: changing the root: Operation not permitted/],
    ['no filters', 'seccomp', 'net,mnt,pid', /metasteer-launch: filtering system calls: Operation not permitted/],
  ] as const) {
    it(`that allows ${what} keeps the daemon from starting, with what to do`, async () => {
      daemon = node.startDaemon({}, [...RESTRICT, denied, FAMILIES, namespaces]);
      assert.equal((await daemon.ended).code, 1);
      const log = daemon.log.join('\n');
      assert.match(log, refused);
      assert.match(log, /\(worker-sandbox-refused\)/);
    });
  }
});
