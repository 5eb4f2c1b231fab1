// Needs root: network namespaces and BPF. `metasteer agent` behind the daemon: an address is answered with its own MAC alone.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fetchAgentStatus } from '../../src/cli/admin-client.ts';
import { runCommand } from '../../src/demo/command.ts';
import { socketDirectory } from '../kit/agents.ts';
import { curl, METADATA_V4, METADATA_V6, needsRoot, TestNode, until, whoAmI } from '../kit/node.ts';

const FORGED = 'fa:16:3e:77:00:99';
const PATH = '/latest/meta-data/instance-id';

describe('an instance', needsRoot, () => {
  const directory = socketDirectory();
  const logFile = `${directory.path}/agent.log`;
  let node: TestNode;

  before(async () => {
    node = await TestNode.build({ through: ['sh', '-c', `exec "$@" >${logFile} 2>&1`, 'sh'] });
  });
  after(async () => {
    await node.remove();
    directory.remove();
  });

  /** Has the blue instance use a MAC that Neutron does not know, which the router believes. */
  async function withForgedMac(test: () => Promise<void>): Promise<void> {
    const { instance, router } = node.blue;
    const use = async (mac: string) => {
      await instance.namespace.ip('link', 'set', 'eth0', 'address', mac);
      await router.namespace.ip('neigh', 'flush', 'all');
    };
    await use(FORGED);
    try {
      await test();
    } finally {
      await use(instance.mac);
    }
  }

  async function refused(reason: string): Promise<number> {
    const { document } = await fetchAgentStatus(node.runDir.file('agent-admin.sock'));
    return document.requests.by_reason[reason] ?? 0;
  }

  it('that uses another MAC with its address gets 404 by default, is counted, and is in the log with both', async () => {
    const daemon = await node.startSteering();
    try {
      assert.equal(await whoAmI(node.blue), node.blue.known.uuid);
      const before = await refused('mac-mismatch');
      await withForgedMac(async () => {
        const { status, body } = await curl(node.blue, `${METADATA_V4}${PATH}`);
        assert.equal(status, 404);
        assert.ok(body.startsWith('mac-mismatch: '), body);
      });
      assert.equal(await refused('mac-mismatch'), before + 1);
      await until('it is told', () => readFileSync(logFile, 'utf8').includes('a MAC that its instance does not have'));
      const lines = readFileSync(logFile, 'utf8').trim().split('\n');
      const told = lines.filter((line) => line.includes('a MAC that its instance does not have'));
      assert.equal(told.length, 1);
      const { mac, expected_macs, client, owner } = JSON.parse(told[0] ?? '') as Record<string, unknown>;
      assert.deepEqual(
        { mac, expected_macs, client, owner },
        {
          mac: FORGED,
          expected_macs: [node.blue.instance.mac],
          client: node.blue.instance.address,
          owner: node.blue.router.uuid,
        },
      );
      // Nobody has lost anything by it.
      assert.equal(await whoAmI(node.blue), node.blue.known.uuid);
      assert.equal(await whoAmI(node.green), node.green.known.uuid);
      if (node.stage.families.includes('IPv6'))
        assert.equal(await whoAmI(node.blue, METADATA_V6), node.blue.known.uuid);
    } finally {
      assert.equal(await daemon.stop(), true);
    }
  });

  it('cannot name itself the MAC that is expected', async () => {
    const daemon = await node.startSteering();
    try {
      await withForgedMac(async () => {
        for (const value of [node.blue.instance.mac, 'unknown', '']) {
          const line = `X-Metasteer-Client-MAC: ${value}`;
          const { status } = await curl(node.blue, `${METADATA_V4}${PATH}`, '-H', line);
          assert.equal(status, 404, line);
        }
      });
    } finally {
      assert.equal(await daemon.stop(), true);
    }
  });

  it('whose SYN the kernel answers with a cookie is not believed by its address alone', async () => {
    const daemon = await node.startSteering();
    try {
      const always = ['netns', 'exec', daemon.namespace, 'sysctl', '-q', '-w', 'net.ipv4.tcp_syncookies=2'];
      await runCommand('ip', always);
      const before = await refused('mac-unknown');
      const { status, headers, body } = await curl(node.blue, `${METADATA_V4}${PATH}`);
      assert.equal(status, 503, headers);
      assert.ok(body.startsWith('mac-unknown: '), body);
      assert.match(headers, /^retry-after: 1\r$/im);
      assert.equal(await refused('mac-unknown'), before + 1);
    } finally {
      assert.equal(await daemon.stop(), true);
    }
  });

  it('is known by its address alone where `agent.client_mac` is off', async () => {
    const daemon = await node.startSteering({ agent: { socket: node.stage.agentSocket, client_mac: false } });
    try {
      await withForgedMac(async () => assert.equal(await whoAmI(node.blue), node.blue.known.uuid));
    } finally {
      assert.equal(await daemon.stop(), true);
    }
  });
});
