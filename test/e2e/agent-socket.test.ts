// Needs root: network namespaces and BPF. The agent's socket missing, forbidden, or somebody else's.
import assert from 'node:assert/strict';
import { chmodSync, chownSync, renameSync } from 'node:fs';
import { after, afterEach, before, describe, it } from 'node:test';
import type { Daemon } from '../../src/demo/daemon.ts';
import { curl, METADATA_V4, needsRoot, TestNode, until, whoAmI } from '../kit/node.ts';

/** A system account every Debian has, other than nobody. */
const OTHER_USER = { name: 'games', uid: 5, gid: 60 } as const;
const RESCAN = '200ms';

describe('the agent socket', needsRoot, () => {
  let node: TestNode;
  let daemon: Daemon;
  const settings = () => ({
    agent: { socket: node.stage.agentSocket, queue_timeout: '300ms' },
    discovery: { include: node.stage.tenants.map(({ router }) => router.uuid), rescan: RESCAN },
  });

  before(async () => {
    node = await TestNode.build();
  });
  afterEach(async () => {
    assert.equal(await daemon.stop(), true);
    chownSync(node.stage.agentSocket, 0, 0);
    chmodSync(node.stage.agentSocket, 0o666);
  });
  after(() => node.remove());

  it('missing: the daemon starts, answers 503 with Retry-After, and recovers when it appears', async () => {
    const { agentSocket } = node.stage;
    renameSync(agentSocket, `${agentSocket}.away`);
    daemon = await node.startSteering(settings());
    const refused = await curl(node.blue, `${METADATA_V4}/latest/meta-data/instance-id`);
    assert.equal(refused.status, 503);
    assert.match(refused.headers, /^retry-after: \d+/im);
    const { agent } = await daemon.status();
    assert.equal(agent.state, 'absent');
    assert.match(agent.last_error ?? '', /there is no agent socket at/);
    await toldOf(daemon, 'agent-socket-missing');

    renameSync(`${agentSocket}.away`, agentSocket);
    await until('it answers', async () => (await whoAmI(node.blue)) === node.blue.known.uuid);
  });

  it('forbidden: reported with owner, mode and remedy', async () => {
    chmodSync(node.stage.agentSocket, 0o600);
    daemon = await node.startSteering(settings());
    assert.equal((await curl(node.blue, `${METADATA_V4}/`)).status, 503);
    const { agent } = await daemon.status();
    assert.match(
      agent.last_error ?? '',
      /user nobody may not write to the agent socket .*: owner root, group 0, mode 0600/,
    );
    assert.match(await toldOf(daemon, 'agent-socket-denied'), /worker\.user/);
  });

  it('somebody’s: the worker runs as its owner', async () => {
    chownSync(node.stage.agentSocket, OTHER_USER.uid, OTHER_USER.gid);
    chmodSync(node.stage.agentSocket, 0o600);
    daemon = await node.startSteering(settings());
    assert.equal((await daemon.status()).workers[0]?.user, OTHER_USER.name);
    assert.equal(await whoAmI(node.blue), node.blue.known.uuid);
  });

  it('changing its owner: the worker is replaced, without a failed request', async () => {
    daemon = await node.startSteering(settings());
    assert.equal(await whoAmI(node.blue), node.blue.known.uuid);
    chownSync(node.stage.agentSocket, OTHER_USER.uid, OTHER_USER.gid);
    await until('the worker is the new owner’s', async () => {
      assert.equal(await whoAmI(node.blue), node.blue.known.uuid);
      const { workers } = await daemon.status();
      return workers.length === 1 && workers[0]?.user === OTHER_USER.name;
    });
    assert.equal(await whoAmI(node.blue), node.blue.known.uuid);
  });

  it('a user given in the configuration wins over the owner', async () => {
    chownSync(node.stage.agentSocket, OTHER_USER.uid, OTHER_USER.gid);
    daemon = await node.startSteering({ ...settings(), worker: { user: 'nobody' } });
    assert.equal((await daemon.status()).workers[0]?.user, 'nobody');
  });
});

/** The line of the log that says this, which comes by another way than an answer does. */
async function toldOf(daemon: Daemon, code: string): Promise<string> {
  const line = () => daemon.log.find((each) => each.includes(code));
  await until(`the log tells of ${code}`, () => line() !== undefined);
  return line() ?? '';
}
