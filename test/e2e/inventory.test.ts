// Needs root: a network namespace. What happens in a namespace while it is looked at is not lost.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { parseConfig } from '../../src/config/load.ts';
import { Inventory } from '../../src/control/inventory.ts';
import { LiveConfig } from '../../src/control/live-config.ts';
import { RunDir, removeLeftovers } from '../../src/demo/run-dir.ts';
import { type Router, Topology } from '../../src/demo/topology.ts';
import { needsRoot } from '../kit/node.ts';

/** More than there are namespaces with an id on any machine that runs tests. */
const IDS_MAX = 10_000;

describe('an inventory', needsRoot, () => {
  const uuid = randomUUID();
  let runDir: RunDir;
  let topology: Topology;
  let router: Router;

  before(async () => {
    await removeLeftovers();
    runDir = RunDir.create('test');
    topology = new Topology(runDir);
    router = await topology.createRouter({ uuid, interface: 'qr-inventory', address: '10.0.0.1/24' });
  });
  after(async () => {
    await topology.remove();
    runDir.remove();
  });

  it('has a namespace looked at again of which the kernel told while the first look ran', async () => {
    const text = `agent: { socket: /run/agent }\ndiscovery: { include: [${uuid}] }\n`;
    const inventory = new Inventory(new LiveConfig(parseConfig(text, 'test')));
    const looked = inventory.refresh({ all: false, names: new Set([router.namespace.name]) });
    // The kernel gives the id during the look, so an event of any id may be about this namespace.
    for (let id = 0; id < IDS_MAX; id += 1) inventory.nameOf(id);
    await looked;
    assert.equal(inventory.found.length, 1);
    assert.deepEqual(inventory.takeMissed(), [router.namespace.name]);
    await inventory.refresh({ all: true });
    assert.deepEqual(inventory.takeMissed(), [], 'nothing was heard this time');
  });
});
