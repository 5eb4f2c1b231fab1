// Needs root: network namespaces and BPF. The metadata agent under the restrictions of its systemd unit, without systemd.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fetchAgentStatus } from '../../src/cli/admin-client.ts';
import { isRoot, TestNode, until, whoAmI } from '../kit/node.ts';
import { unlessThere } from '../kit/peers.ts';
import { exchangeRaw } from '../kit/raw-client.ts';
import { RestrictedUnit } from '../kit/restricted.ts';

/** It knows which system calls are in the groups that the unit names. */
const skip = isRoot ? unlessThere('systemd') : 'needs root';
const unit = new RestrictedUnit('metasteer-agent.service');
/** System accounts that every Debian has: in the place of the agent's own user, and of the group of the daemon's workers. */
const AGENT = { uid: 5, gid: 60, groups: [12] } as const;
const WORKERS = { name: 'man', gid: 12 } as const;
const SHARED_SECRET = 'secret';

/** What systemd does before it starts the unit: a folder of its own, and what is in a secret's file, which only root may read. */
function prepared(folder: string, command: readonly string[]): readonly string[] {
  const credentials = join(folder, 'credentials');
  const steps = [
    `chown ${AGENT.uid}:${AGENT.gid} ${folder}`,
    `mkdir ${credentials}`,
    `cp ${join(folder, SHARED_SECRET)} ${credentials}/metasteer_${SHARED_SECRET}`,
    `chown -R ${AGENT.uid} ${credentials}`,
    `chmod 0500 ${credentials}`,
    `export CREDENTIALS_DIRECTORY=${credentials}`,
  ];
  return ['sh', '-c', `${steps.join(' && ')} && exec "$@"`, 'sh', ...command];
}

describe('under the restrictions of its unit the metadata agent', { skip }, () => {
  let node: TestNode;
  let adminSocket: string;
  before(async () => {
    const settings = {
      ...{ socket_group: WORKERS.name, socket_mode: '0660' },
      resolver: { source: 'inventory', ttl: '500ms' },
    };
    const through = prepared(`/run/metasteer-test-${process.pid}`, await unit.command(AGENT));
    node = await TestNode.build({ settings, through });
    adminSocket = node.runDir.file('agent-admin.sock');
    await node.startSteering({ agent: { socket: node.stage.agentSocket, admin_socket: adminSocket } });
  });
  after(() => node.remove());

  it('has no capability, a filter of system calls, a user of its own, and can gain no privileges', () => {
    unit.assertHolds(node.stage.agentPid);
    const status = readFileSync(`/proc/${node.stage.agentPid}/status`, 'utf8');
    assert.match(status, new RegExp(`^Uid:\\s${AGENT.uid}\\s${AGENT.uid}\\s${AGENT.uid}\\s${AGENT.uid}$`, 'm'));
    assert.match(status, /^CapEff:\s*0+$/m);
  });

  it('gives its socket to the group of the workers, signs with a secret that only root may read, and answers', async () => {
    const { uid, gid, mode } = lstatSync(node.stage.agentSocket);
    assert.deepEqual([uid, gid, mode & 0o777], [AGENT.uid, WORKERS.gid, 0o660]);
    const secret = lstatSync(node.runDir.file(SHARED_SECRET));
    assert.deepEqual([secret.uid, secret.mode & 0o777], [0, 0o600]);
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

  it('answers for the owners of this node alone, as the daemon names them', async () => {
    const { agent } = (await fetchAgentStatus(adminSocket)).document;
    assert.ok((agent.owners ?? 0) >= node.stage.tenants.length, `it knows ${agent.owners}`);
    const ask = (owner: string) =>
      exchangeRaw({ path: node.stage.agentSocket }, [
        `GET /latest/meta-data/instance-id HTTP/1.1\r\nHost: a\r\nX-Neutron-Router-ID: ${owner}\r\n`,
        `X-Forwarded-For: ${node.blue.known.address}\r\nConnection: close\r\n\r\n`,
      ]);
    assert.match(await ask(randomUUID()), /^HTTP\/1\.1 503 [\s\S]*owner-elsewhere/);
    assert.match(await ask(node.blue.router.uuid), /^HTTP\/1\.1 200 /);
  });

  it('opens its list to root and its own group alone', () => {
    const { uid, gid, mode } = lstatSync(adminSocket);
    assert.deepEqual([uid, gid, mode & 0o777], [AGENT.uid, AGENT.gid, 0o660]);
  });
});
