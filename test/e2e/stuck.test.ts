// Needs root: network namespaces and BPF. Nobody steers for a worker or a daemon that does not answer.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Daemon } from '../../src/demo/daemon.ts';
import { EchoServers } from '../kit/echo-servers.ts';
import { curl, METADATA_V4, needsRoot, TestNode, until, whoAmI } from '../kit/node.ts';

describe('while it is stopped', needsRoot, () => {
  let node: TestNode;
  let daemon: Daemon;

  before(async () => {
    node = await TestNode.build();
    // What answers without us: the rules of Neutron redirect to this port.
    const haproxy = await EchoServers.start(node.blue.router.namespace, { tcp: [9697] });
    node.undo('what answers without us', () => haproxy.stop());
    daemon = await node.startSteering();
  });
  after(() => node.remove());

  for (const who of ['worker', 'supervisor'] as const) {
    it(`the ${who} does not keep metadata from whoever else answers, and serves again when it goes on`, async () => {
      assert.equal(await whoAmI(node.blue), node.blue.known.uuid);
      const [worker] = (await daemon.status()).workers;
      const pid = who === 'worker' ? (worker?.pid ?? 0) : daemon.pid;
      process.kill(pid, 'SIGSTOP');
      try {
        await until('the router answers itself', async () => {
          const { body } = await curl(node.blue, `${METADATA_V4}/`, '--max-time', '1');
          return body === 'tcp 9697';
        });
      } finally {
        process.kill(pid, 'SIGCONT');
      }
      await until('we answer again', async () => (await whoAmI(node.blue)) === node.blue.known.uuid);
    });
  }
});
