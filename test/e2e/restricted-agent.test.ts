// Needs root: network namespaces and BPF. The metadata agent under the restrictions of its systemd unit, without systemd.
import assert from 'node:assert/strict';
import { lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { isRoot, TestNode, until, whoAmI } from '../kit/node.ts';
import { unlessThere } from '../kit/peers.ts';
import { RestrictedUnit } from '../kit/restricted.ts';

/** It knows which system calls are in the groups that the unit names. */
const skip = isRoot ? unlessThere('systemd') : 'needs root';
const unit = new RestrictedUnit('metasteer-agent.service');
/** A system account every Debian has. */
const OWNER = { name: 'games', uid: 5 } as const;

describe('under the restrictions of its unit the metadata agent', { skip }, () => {
  let node: TestNode;
  before(async () => {
    const settings = { socket_owner: OWNER.name, resolver: { source: 'inventory', ttl: '500ms' } };
    node = await TestNode.build({ settings, through: await unit.command() });
    await node.startSteering();
  });
  after(() => node.remove());

  it('has no capability but those of the unit, a filter of system calls, and can gain no privileges', () => {
    unit.assertHolds(node.stage.agentPid);
  });

  it('gives its socket to the owner that is configured, and answers', async () => {
    assert.equal(lstatSync(node.stage.agentSocket).uid, OWNER.uid);
    for (const tenant of node.stage.tenants) assert.equal(await whoAmI(tenant), tenant.known.uuid);
  });

  it('reads its inventory again when that changes', async () => {
    const file = node.runDir.file('inventory.json');
    const whole = readFileSync(file, 'utf8');
    writeFileSync(file, JSON.stringify({ instances: [] }));
    await until('nobody is known', async () => (await whoAmI(node.blue).catch(() => 'nobody')) === 'nobody');
    writeFileSync(file, whole);
    await until('everybody is known again', async () => (await whoAmI(node.blue)) === node.blue.known.uuid);
  });
});
