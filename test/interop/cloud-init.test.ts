// Needs root: network namespaces and BPF. Real clients inside an instance read through the real daemon.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { PYTHON } from '../../bench/agent/python-agent.ts';
import type { Daemon } from '../../src/demo/daemon.ts';
import type { InventoryInstance } from '../../src/demo/inventory.ts';
import type { Tenant } from '../../src/demo/stage.ts';
import { curl, isRoot, METADATA_V4, METADATA_V6, portOf, TestNode, until } from '../kit/node.ts';
import { documentOf } from '../kit/nova-documents.ts';
import { UNPACKED, unlessThere } from '../kit/peers.ts';
import { type AgentGeneration, GENERATIONS, startOnNode } from '../kit/peers-agents.ts';

/** The one cloud-init chooses of those that nova has (contract.md 5). */
const VERSION = '2018-08-27';
const CLIENT_MS = 60_000;
const PASSWORD_PATH = '/openstack/2013-04-04/password';

/** Prints all that cloud-init reads, bytes as Base64. */
const CLOUD_INIT = `
import base64, json
from cloudinit.sources.DataSourceOpenStack import read_metadata_service
data = read_metadata_service("http://169.254.169.254")
print(json.dumps(data, default=lambda value: base64.b64encode(value).decode()))
`;

/**
 * Runs Debian's ec2metadata without its first step: its release 0.33 asks for a token in a way that its own HTTP library
 * does not accept ("POST data should be bytes"), whatever the service.
 */
const EC2METADATA = `
import importlib.machinery, importlib.util, sys
loader = importlib.machinery.SourceFileLoader("ec2metadata", sys.argv[1])
module = importlib.util.module_from_spec(importlib.util.spec_from_loader("ec2metadata", loader))
loader.exec_module(module)
module.EC2Metadata._imdsv2_ensure_token = lambda self: setattr(self, "session_token", "")
del sys.argv[1]
module.main()
`;

/** Posts a body that leaves some time after its head, as a segment of its own. Prints the reply. */
const LATE_POST = `
import socket, sys, time
path, body = sys.argv[1], sys.argv[2].encode()
connection = socket.create_connection(("169.254.169.254", 80), 10)
connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
head = "POST %s HTTP/1.1\\r\\nHost: 169.254.169.254\\r\\nContent-Length: %d\\r\\nConnection: close\\r\\n\\r\\n"
connection.sendall((head % (path, len(body))).encode())
for part in (body[:100], body[100:]):
    time.sleep(0.2)
    connection.sendall(part)
print(b"".join(iter(lambda: connection.recv(65536), b"")).decode())
`;

function python(tenant: Tenant, script: string, ...args: readonly string[]): Promise<string> {
  const path = `PYTHONPATH=${join(UNPACKED, 'usr/lib/python3/dist-packages')}`;
  return tenant.instance.namespace.run('env', [path, PYTHON, '-c', script, ...args], { timeoutMs: CLIENT_MS });
}

for (const generation of Object.keys(GENERATIONS) as AgentGeneration[]) {
  const peers = ['cloud-init', 'python3-configobj', 'python3-netifaces', 'cloud-guest-utils'] as const;
  const skip = isRoot ? unlessThere(...peers, ...GENERATIONS[generation].peers) : 'needs root';
  describe(`real clients, with a ${generation} agent`, { skip }, () => {
    let node: TestNode;
    let daemon: Daemon;

    before(async () => {
      node = await TestNode.build();
      const socket = await startOnNode(node, generation);
      daemon = await node.startSteering({ agent: { socket } });
    });
    after(() => node.remove());

    test('cloud-init reads its whole tree as the service holds it', async () => {
      for (const tenant of [node.blue, node.green]) {
        const read = JSON.parse(await python(tenant, CLOUD_INIT)) as Readonly<Record<string, unknown>>;
        assertWhole(read, tenant.known);
        const { requests, refused } = await portOf(daemon, tenant);
        assert.ok(requests > 15, `${requests} requests`);
        assert.deepEqual(refused, {});
      }
    });

    test('cloud-init in both instances at once reads the same', async () => {
      const both = [node.blue, node.green].map(async (tenant) => {
        assertWhole(JSON.parse(await python(tenant, CLOUD_INIT)), tenant.known);
      });
      await Promise.all(both);
    });

    test('the generation was found out', async () => {
      await until(generation, async () => (await daemon.status()).agent.generation === generation);
    });

    test('ec2metadata shows what the service holds', async () => {
      const shown = await python(node.blue, EC2METADATA, join(UNPACKED, 'usr/bin/ec2metadata'));
      const { ec2Id, address, publicKeys = {}, userData = [] } = node.blue.known;
      assert.match(shown, new RegExp(`^instance-id: ${ec2Id}$`, 'm'));
      assert.match(shown, new RegExp(`^local-ipv4: ${address}$`, 'm'));
      assert.match(shown, /^public-ipv4: unavailable$/m);
      assert.match(shown, /^availability-zone: nova$/m);
      assert.ok(shown.includes(`public-keys: ['${Object.values(publicKeys)[0]}']`), shown.slice(0, 2000));
      const userDataShown = await python(node.blue, EC2METADATA, join(UNPACKED, 'usr/bin/ec2metadata'), '--user-data');
      assert.equal(userDataShown, Buffer.from(userData).toString());
    });

    test('a token is not to be had, as with nova alone', async () => {
      const ttl = 'X-aws-ec2-metadata-token-ttl-seconds: 21600';
      assert.equal((await curl(node.blue, `${METADATA_V4}/latest/api/token`, '-X', 'PUT', '-H', ttl)).status, 404);
    });

    test('a password posted with a late body, or after 100 Continue, is stored whole', async () => {
      const password = 'p'.repeat(1000);
      assert.equal((await curl(node.blue, METADATA_V4 + PASSWORD_PATH)).body, '');
      assert.match(await python(node.blue, LATE_POST, PASSWORD_PATH, `blue${password}`), /^HTTP\/1\.1 200 /);
      const waits = ['-H', 'Expect: 100-continue', '--expect100-timeout', '9', '--data-binary', `green${password}`];
      assert.equal((await curl(node.green, METADATA_V6 + PASSWORD_PATH, ...waits)).status, 200);
      assert.equal((await curl(node.blue, METADATA_V4 + PASSWORD_PATH)).body, `blue${password}`);
      assert.equal((await curl(node.green, METADATA_V4 + PASSWORD_PATH)).body, `green${password}`);
      assert.match(await python(node.blue, LATE_POST, PASSWORD_PATH, 'another'), /^HTTP\/1\.1 409 /);
    });
  });
}

/** What cloud-init made of the documents against the documents. */
function assertWhole(read: Readonly<Record<string, unknown>>, known: InventoryInstance): void {
  const { metadata, userdata, vendordata, vendordata2, networkdata } = read;
  const meta = JSON.parse(documentOf(known, `/openstack/${VERSION}/meta_data.json`)) as {
    readonly random_seed: string;
  };
  const { random_seed: seed, ...held } = meta;
  const { random_seed: seedRead, ...said } = metadata as Readonly<Record<string, unknown>>;
  assert.equal(Buffer.from(String(seedRead), 'base64').length, Buffer.from(seed, 'base64').length);
  assert.notEqual(seedRead, seed);
  for (const [name, value] of Object.entries(held)) assert.deepEqual(said[name], value, name);
  assert.equal(said['instance-id'], known.uuid);
  assert.equal(Buffer.from(String(userdata), 'base64').compare(known.userData ?? Buffer.alloc(0)), 0);
  assert.deepEqual(networkdata, JSON.parse(documentOf(known, `/openstack/${VERSION}/network_data.json`)));
  assert.deepEqual([vendordata, vendordata2], [{}, { static: {} }]);
  assert.deepEqual(read['ec2-metadata'], ec2Tree(known, '/2009-04-04/meta-data/'));
}

/** The EC2 tree as cloud-init shows it: folders as objects, keys by their names. */
function ec2Tree(known: InventoryInstance, path: string): Readonly<Record<string, unknown>> {
  const entries = documentOf(known, path)
    .split('\n')
    .map((name): [string, unknown] => {
      if (name.endsWith('/')) return [name.slice(0, -1), ec2Tree(known, path + name)];
      const [index = '', key] = name.split('=');
      return key === undefined
        ? [name, documentOf(known, path + name)]
        : [key, documentOf(known, `${path}${index}/openssh-key`)];
    });
  return Object.fromEntries(entries);
}
