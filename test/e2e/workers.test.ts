// Needs root: network namespaces and BPF. Several workers on the same ports, added and removed under traffic.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { runCommand, tryCommand } from '../../src/demo/command.ts';
import type { Daemon } from '../../src/demo/daemon.ts';
import { builtFile } from '../../src/kernel/paths.ts';
import { needsRoot, TestNode, until, whoAmI } from '../kit/node.ts';

const CLI = builtFile('main');
const REQUESTS_PER_STEP = 15;

describe('several workers', needsRoot, () => {
  let node: TestNode;
  let daemon: Daemon;

  before(async () => {
    node = await TestNode.build();
    daemon = await node.startSteering({ workers: 2 });
  });
  after(() => node.remove());

  async function running(): Promise<readonly number[]> {
    const { workers } = await daemon.status();
    return workers.filter(({ state }) => state === 'running').map(({ pid }) => pid);
  }

  /** Both tenants ask, one after the other, and each gets its own answer every time. */
  async function ask(): Promise<void> {
    for (let request = 0; request < REQUESTS_PER_STEP; request += 1) {
      assert.equal(await whoAmI(node.blue), node.blue.known.uuid);
      assert.equal(await whoAmI(node.green), node.green.known.uuid);
    }
  }

  it('are as many as the configuration says', async () => assert.equal((await running()).length, 2));

  it('can become more and fewer while requests are answered, without one that fails', async () => {
    for (const count of [4, 1, 3]) {
      const asking = ask();
      await runCommand(process.execPath, [CLI, 'workers', String(count), '--socket', daemon.adminSocket]);
      await asking;
      await until(`${count} workers run`, async () => (await running()).length === count);
    }
  });

  it('answer on while one of them is killed', async () => {
    const [victim] = await running();
    assert.ok(victim);
    process.kill(victim, 'SIGKILL');
    await ask();
    await until('there are three again', async () => (await running()).length === 3);
  });

  it('are counted together in status', async () => {
    const { ports, workers } = await daemon.status();
    const served = ports.reduce((total, port) => total + port.requests, 0);
    assert.equal(
      served,
      workers.reduce((total, worker) => total + worker.requests, 0),
    );
  });

  for (const count of ['0', '65', 'many']) {
    it(`cannot become ${count}`, async () => {
      const { status, stderr } = await tryCommand(process.execPath, [
        CLI,
        'workers',
        count,
        '--socket',
        daemon.adminSocket,
      ]);
      assert.equal(status, 2, stderr);
      assert.match(stderr, /whole number from 1 to 64/);
    });
  }
});
