// Needs root: network namespaces and BPF. The table of requests goes on with the next version, unless a worker could cut it.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { processStat } from '../../bench/processes.ts';
import { RATES_ANEW } from '../../src/control/request-rates.ts';
import { builtFile } from '../../src/kernel/paths.ts';
import { curl, METADATA_V4, needsRoot, TestNode, until } from '../kit/node.ts';
import { operate } from '../kit/operator.ts';
import { OtherVersion } from '../kit/other-version.ts';

const LIMIT = 3;
const LIMITED = {
  ...{ rate_limit_enabled: true, base_window_duration: '1h', burst_window_duration: '1h' },
  ...{ base_query_rate_limit: LIMIT, burst_query_rate_limit: LIMIT },
};

describe('upgrading where requests are limited', needsRoot, () => {
  let node: TestNode;
  let former: OtherVersion;
  before(async () => {
    node = await TestNode.build();
    // As versions before 0.1.1: without seals, and without asking for them.
    former = new OtherVersion();
    former.changeNative('rates.c', /MFD_CLOEXEC \| MFD_ALLOW_SEALING/, 'MFD_CLOEXEC');
    former.changeNative('rates.c', / \|\| fcntl\(fd, F_ADD_SEALS, SEALS\)/, '');
    former.changeNative('sealed.c', /\(has & seals\) != seals/, '(has & seals) < 0');
  });
  after(async () => {
    await node.remove();
    former.remove();
  });

  it('counts anew after a version whose table a worker could cut, and goes on counting after the next', async () => {
    const daemon = node.startDaemon({ metadata_rate_limiting: LIMITED }, former.through);
    await daemon.untilSteering(node.stage.tenants.length, new AbortController().signal);
    const pids: number[] = [];
    node.undo('the last version', async () => {
      const last = (await daemon.status()).daemon.pid;
      process.kill(last, 'SIGTERM');
      await until('the last version has ended', () => processStat(last) === undefined);
    });
    const upgraded = async () => {
      const { status, stderr } = await operate(daemon, 'upgrade', '--binary', builtFile('main'));
      assert.equal(status, 0, `${stderr}\n${daemon.log.join('\n')}`);
      const { pid } = (await daemon.status()).daemon;
      node.runDir.recordDaemon(pid);
      pids.push(pid);
    };
    const asked = async () => {
      const statuses: number[] = [];
      for (let count = 0; count <= LIMIT; count += 1) statuses.push((await curl(node.blue, `${METADATA_V4}/`)).status);
      return statuses;
    };
    const anew = async () => (await daemon.status()).events.filter(({ event }) => event === RATES_ANEW).length;

    assert.deepEqual(await asked(), [200, 200, 200, 429]);
    await upgraded();
    assert.equal(await anew(), 1);
    assert.deepEqual(await asked(), [200, 200, 200, 429]);
    await upgraded();
    assert.equal(await anew(), 1, 'the new table is sound');
    assert.deepEqual(await asked(), [429, 429, 429, 429]);
    assert.equal(new Set(pids).size, 2);
  });
});
