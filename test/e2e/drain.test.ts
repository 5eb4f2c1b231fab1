// Needs root: network namespaces and BPF. An operator takes owners out of service and back, and no request is cut.
import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Daemon } from '../../src/demo/daemon.ts';
import type { Tenant } from '../../src/demo/stage.ts';
import { KeepAliveAgent, reply } from '../kit/agents.ts';
import { EchoServers } from '../kit/echo-servers.ts';
import { HeldConnection } from '../kit/held-connection.ts';
import { curl, METADATA_V4, needsRoot, portOf, TestNode, until } from '../kit/node.ts';
import { operate } from '../kit/operator.ts';

const OURS = 'metasteer';
/** Neutron's rules redirect to this port. */
const THEIRS = 'tcp 9697';

describe('draining', needsRoot, () => {
  let node: TestNode;
  let agent: KeepAliveAgent;
  let daemon: Daemon;

  before(async () => {
    node = await TestNode.build();
    agent = await KeepAliveAgent.start(node.runDir.file('our-agent.sock'), () => reply(OURS));
    chmodSync(agent.path, 0o666);
    node.undo('agent', () => agent.stop());
    for (const { router } of node.stage.tenants) {
      const others = await EchoServers.start(router.namespace, { tcp: [9697] });
      node.undo('who answers without us', () => others.stop());
    }
    daemon = await node.startSteering({ agent: { socket: agent.path, generation: 'keep-alive' } });
  });
  after(() => node.remove());

  async function whoAnswers(tenant: Tenant): Promise<string> {
    return (await curl(tenant, `${METADATA_V4}/`, '--max-time', '2')).body;
  }

  it('an owner finishes what is open and leaves new connections to others, and no other owner notices', async () => {
    const held = new HeldConnection(node.blue.instance.namespace);
    assert.equal(await held.connect({ host: '169.254.169.254', port: 80 }), 'connected');
    agent.answer = async () => {
      await sleep(800);
      return reply('metasteer, late');
    };
    const late = held.get('/slow');
    await until('the agent has it', () => agent.received.some(({ requestLine }) => requestLine.includes('/slow')));
    const drained = operate(daemon, 'drain', node.blue.router.uuid);
    await until('new connections go to others', async () => (await whoAnswers(node.blue)) === THEIRS);
    assert.match(await late, /metasteer, late$/);
    agent.answer = () => reply(OURS);
    const { status, stdout, stderr } = await drained;
    assert.equal(status, 0, stderr);
    assert.equal(stdout, `drained owner ${node.blue.router.uuid}: 1 ports, 0 connections were cut\n`);
    await held.close();

    const port = await portOf(daemon, node.blue);
    assert.deepEqual([port.state, port.port, port.reason], ['drained', null, 'an operator asked: `metasteer undrain`']);
    assert.equal(await whoAnswers(node.blue), THEIRS);
    assert.equal(await whoAnswers(node.green), OURS);
    const { namespace, port: router } = node.blue.router;
    assert.doesNotMatch(await namespace.ip('-d', 'link', 'show'), new RegExp(`@${router.interface}`));
  });

  it('ends with `undrain`', async () => {
    assert.equal((await operate(daemon, 'undrain', node.blue.router.uuid)).status, 0);
    await until('we answer again', async () => (await whoAnswers(node.blue)) === OURS);
    await until('it is steering', async () => (await portOf(daemon, node.blue)).state === 'steering');
  });

  it('is of a port by its number or by its interface, too', async () => {
    const { port, namespace, interface: name } = await portOf(daemon, node.green);
    assert.equal((await operate(daemon, 'drain', String(port))).status, 0);
    assert.equal(await whoAnswers(node.green), THEIRS);
    assert.equal((await operate(daemon, 'undrain', `${namespace}/${name}`)).status, 0);
    await until('we answer again', async () => (await whoAnswers(node.green)) === OURS);
  });

  it('is of everything, until everything is undrained', async () => {
    const { stdout } = await operate(daemon, 'drain');
    assert.equal(stdout, 'drained all owners: 2 ports, 0 connections were cut\n');
    for (const tenant of node.stage.tenants) assert.equal(await whoAnswers(tenant), THEIRS);
    const one = await operate(daemon, 'undrain', node.blue.router.uuid);
    assert.deepEqual([one.status, /everything is drained/.test(one.stderr)], [1, true], one.stderr);
    assert.equal((await operate(daemon, 'undrain')).status, 0);
    for (const tenant of node.stage.tenants)
      await until('we answer again', async () => (await whoAnswers(tenant)) === OURS);
  });

  it('what is not there is refused', async () => {
    for (const target of ['7d3c0a1e-52b7-4f0e-9a3b-1f0f3c2d4e5f', '999', 'qrouter-x/qr-y', 'all']) {
      const { status, stderr } = await operate(daemon, 'drain', target);
      assert.equal(status, 1);
      assert.match(stderr, /\(drain-target-unknown\)/);
    }
  });

  it('is told in status', async () => {
    const { events } = await daemon.status();
    const told = events.map(({ event }) => event);
    assert.ok(
      told.includes(`drained owner ${node.blue.router.uuid}: 1 ports, 0 connections were cut`),
      told.join('\n'),
    );
    assert.ok(told.includes('steering all owners again, as asked'), told.join('\n'));
  });
});
