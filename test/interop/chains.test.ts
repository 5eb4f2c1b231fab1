// Needs root: network namespaces and BPF. Our agent behind their proxy, their agent behind our proxy, and both of ours: cloud-init
// reads the same bytes from each.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { PYTHON } from '../../bench/agent/python-agent.ts';
import type { Tenant } from '../../src/demo/stage.ts';
import { NeutronHaproxy } from '../kit/haproxy.ts';
import { isRoot, TestNode } from '../kit/node.ts';
import { UNPACKED, unlessThere } from '../kit/peers.ts';
import { GENERATIONS, startOnNode } from '../kit/peers-agents.ts';

const PEERS = ['haproxy', 'cloud-init', 'python3-configobj', 'python3-netifaces'] as const;
const skip = isRoot ? unlessThere(...PEERS, ...GENERATIONS['keep-alive'].peers) : 'needs root';
const CLIENT_MS = 60_000;
/** Of 28 requests of a boot, those that are not the first look for the service (contract.md 5). */
const REQUESTS_MIN = 20;

/** Has cloud-init read the service, and prints each URL it read with status and bytes. */
const CRAWL = `
import base64, json
from cloudinit import url_helper
from cloudinit.sources.DataSourceOpenStack import read_metadata_service
read, real = [], url_helper.readurl
def readurl(url, *args, **kwargs):
    response = real(url, *args, **kwargs)
    read.append([url, response.code, base64.b64encode(response.contents).decode()])
    return response
url_helper.readurl = readurl
read_metadata_service("http://169.254.169.254")
print(json.dumps(read))
`;

type Read = readonly (readonly [url: string, status: number, base64: string])[];

async function crawl({ instance }: Tenant): Promise<Read> {
  const path = `PYTHONPATH=${join(UNPACKED, 'usr/lib/python3/dist-packages')}`;
  const text = await instance.namespace.run('env', [path, PYTHON, '-c', CRAWL], { timeoutMs: CLIENT_MS });
  return (JSON.parse(text) as Read).map(([url, status, base64]) => [url, status, withoutSeed(url, base64)]);
}

/** What nova makes afresh for every request is left out; all else is compared byte by byte. */
function withoutSeed(url: string, base64: string): string {
  if (!url.endsWith('/meta_data.json')) return base64;
  const text = Buffer.from(base64, 'base64').toString();
  const without = text.replace(/"random_seed": ?"[^"]+"/, '"random_seed": ""');
  assert.notEqual(without, text);
  return without;
}

describe('cloud-init reads the same', { skip }, () => {
  let node: TestNode;
  let theirs: Read;

  before(async () => {
    node = await TestNode.build();
    const eventlet = await startOnNode(node, 'keep-alive');
    const haproxy = await NeutronHaproxy.start(node.blue.router, node.runDir, eventlet);
    theirs = await crawl(node.blue);
    await haproxy.stop();
    assert.ok(theirs.length >= REQUESTS_MIN, `${theirs.length} requests`);
    assert.ok(theirs.every(([, status]) => status === 200));
  });
  after(() => node.remove());

  test('from haproxy and metasteer agent as from haproxy and the real agent', async () => {
    const haproxy = await NeutronHaproxy.start(node.blue.router, node.runDir, node.stage.agentSocket);
    try {
      assert.deepEqual(await crawl(node.blue), theirs);
    } finally {
      await haproxy.stop();
    }
  });

  for (const [name, agent] of [
    ['metasteer and the real agent', 'keep-alive'],
    ['metasteer and metasteer agent', undefined],
  ] as const) {
    test(`from ${name}`, async () => {
      const socket = agent === undefined ? node.stage.agentSocket : await startOnNode(node, agent);
      const daemon = await node.startSteering({ agent: { socket } });
      assert.deepEqual(await crawl(node.blue), theirs);
      assert.equal(await daemon.stop(), true);
    });
  }
});
