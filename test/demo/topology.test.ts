// Needs root: makes network namespaces.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { tryCommand } from '../../src/demo/command.ts';
import { installNeutronRules } from '../../src/demo/neutron-rules.ts';
import { askMetadata, readRouter } from '../../src/demo/probe.ts';
import { RunDir } from '../../src/demo/run-dir.ts';
import { type Instance, type Router, Topology } from '../../src/demo/topology.ts';

const FAMILIES = ['IPv4', 'IPv6'] as const;
const needsRoot = process.getuid?.() === 0 ? {} : { skip: 'needs root' };

let runDir: RunDir;
let topology: Topology;
let router: Router;
let instance: Instance;

if (process.getuid?.() === 0) {
  before(async () => {
    runDir = RunDir.create('test');
    topology = new Topology(runDir);
    router = await topology.createRouter({
      uuid: randomUUID(),
      interface: `qr-${randomUUID().slice(0, 11)}`,
      address: '10.0.0.1/24',
      mac: 'fa:16:3e:00:00:01',
    });
    instance = await topology.createInstance({
      port: router.port,
      name: 'topology-a',
      address: '10.0.0.5/24',
      gateway: '10.0.0.1',
      mac: 'fa:16:3e:00:00:0a',
    });
  });
  after(async () => {
    await topology.remove();
    runDir.remove();
  });
}

test('an instance has the address and MAC it was given, and a link-local address made of that MAC', needsRoot, () => {
  assert.equal(instance.address, '10.0.0.5');
  assert.equal(instance.mac, 'fa:16:3e:00:00:0a');
  assert.equal(instance.linkLocal, 'fe80::f816:3eff:fe00:a');
});

test('the metadata address goes to the router over both families', needsRoot, async () => {
  const routes = await Promise.all(
    ['169.254.169.254', 'fe80::a9fe:a9fe'].map((address) => instance.namespace.ip('route', 'get', address)),
  );
  assert.match(routes[0] ?? '', /via 10\.0\.0\.1 dev eth0/);
  assert.match(routes[1] ?? '', /via fe80::f816:3eff:fe00:1 dev eth0/);
});

test("Neutron's rules take every request, and nobody answers behind them", needsRoot, async () => {
  for (const family of FAMILIES) await installNeutronRules(router.namespace, family);
  const answers = await askMetadata(instance, FAMILIES);
  assert.deepEqual(
    answers.map(({ status }) => status),
    [0, 0, 0, 0],
  );
  assert.deepEqual((await readRouter(router.namespace, FAMILIES)).redirectHits, { IPv4: 2, IPv6: 2 });
});

test('a name that is taken is an error, and what has it stays', needsRoot, async () => {
  const second = new Topology(runDir);
  await assert.rejects(second.createNamespace(router.namespace.name), /exists already/);
  await second.remove();
  assert.ok(existsSync(router.namespace.path));
});

test('removing takes away namespaces and links, and may be repeated', needsRoot, async () => {
  await topology.remove();
  await topology.remove();
  assert.ok(!existsSync(router.namespace.path));
  assert.ok(!existsSync(instance.namespace.path));
  assert.doesNotMatch((await tryCommand('ip', ['link'])).stdout, new RegExp(router.port.interface));
});
