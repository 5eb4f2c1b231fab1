// Needs root: network namespaces and BPF; and haproxy. On a node that Neutron serves, we come and go without a failed request.
import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Daemon } from '../../src/demo/daemon.ts';
import { KeepAliveAgent, reply } from '../kit/agents.ts';
import { CurlLoop } from '../kit/curl-loop.ts';
import { NeutronHaproxy } from '../kit/haproxy.ts';
import { HeldConnection } from '../kit/held-connection.ts';
import { curl, isRoot, METADATA_V4, TestNode, until } from '../kit/node.ts';
import { unlessThere } from '../kit/peers.ts';

const skip = isRoot ? unlessThere('haproxy') : 'needs root';
const TARGET = { host: '169.254.169.254', port: 80 } as const;
/** The bar: a proxy that is stuck gives way within this time. */
const GIVES_WAY_MS = 3000;

describe('beside a haproxy that serves', { skip }, () => {
  let node: TestNode;
  let ours: KeepAliveAgent;
  let settings: Readonly<Record<string, unknown>>;

  before(async () => {
    node = await TestNode.build();
    const theirs = await KeepAliveAgent.start(node.runDir.file('their-agent.sock'), () => reply('haproxy'));
    ours = await KeepAliveAgent.start(node.runDir.file('our-agent.sock'), () => reply('metasteer'));
    for (const agent of [theirs, ours]) {
      chmodSync(agent.path, 0o666);
      node.undo('an agent', () => agent.stop());
    }
    const haproxy = await NeutronHaproxy.start(node.blue.router, node.runDir, theirs.path);
    node.undo('haproxy', () => haproxy.stop());
    settings = { agent: { socket: ours.path, generation: 'keep-alive' } };
  });
  after(() => node.remove());

  async function answerer(): Promise<string> {
    return (await curl(node.blue, `${METADATA_V4}/`, '--max-time', '1')).body;
  }

  async function connection(): Promise<HeldConnection> {
    const held = new HeldConnection(node.blue.instance.namespace);
    assert.equal(await held.connect(TARGET), 'connected');
    return held;
  }

  it('requests move to us and back, and none fails', async () => {
    const loops = ['a', 'b', 'c'].map((name) => new CurlLoop(node.runDir, name, node.blue.instance.namespace));
    const all = () => loops.flatMap(({ answers }) => answers);
    await until('haproxy answers', () => all().filter((who) => who === 'haproxy').length > 20);
    for (let times = 0; times < 3; times += 1) {
      const daemon = await node.startSteering(settings);
      const beforeUs = all().length;
      await until(
        'we answer',
        () =>
          all()
            .slice(beforeUs)
            .filter((who) => who === 'metasteer').length > 50,
      );
      assert.equal(await daemon.stop(), true);
      const isBack = ({ answers }: CurlLoop) => answers.slice(-20).every((who) => who === 'haproxy');
      await until('haproxy answers again, and we no longer', () => loops.every(isBack));
    }
    await Promise.all(loops.map((loop) => loop.stop()));
    const others = all().filter((who) => who !== 'haproxy' && who !== 'metasteer');
    assert.deepEqual(others, [], `${all().length} requests`);
  });

  it('connections are served to their end by whoever got their SYN', async () => {
    const old = await connection();
    assert.match(await old.get('/'), /haproxy$/);
    const daemon = await node.startSteering(settings);
    const young = await connection();
    assert.match(await old.get('/'), /haproxy$/);
    assert.match(await young.get('/'), /metasteer$/);

    ours.answer = async () => {
      await sleep(1000);
      return reply('metasteer, late');
    };
    const late = young.get('/slow');
    await until('the agent has it', () => ours.received.some(({ requestLine }) => requestLine.includes('/slow')));
    const stopped = daemon.stop();
    assert.match(await late, /metasteer, late$/);
    assert.equal(await stopped, true);
    assert.match(await old.get('/'), /haproxy$/);
    ours.answer = () => reply('metasteer');
    await old.close();
    await young.close();
  });

  it('a connection on which nothing was asked yet is served when we stop', async () => {
    const daemon = await node.startSteering(settings);
    const idle = await connection();
    const stopped = daemon.stop();
    await sleep(300);
    assert.match(await idle.get('/'), /metasteer$/);
    assert.equal(await stopped, true);
    await idle.close();
  });

  for (const who of ['worker', 'supervisor'] as const) {
    it(`while our ${who} is stopped haproxy answers, and we do when it goes on`, async () => {
      const daemon: Daemon = await node.startSteering(settings);
      assert.equal(await answerer(), 'metasteer');
      const [worker] = (await daemon.status()).workers;
      const pid = who === 'worker' ? (worker?.pid ?? 0) : daemon.pid;
      process.kill(pid, 'SIGSTOP');
      try {
        await until('haproxy answers', async () => (await answerer()) === 'haproxy', GIVES_WAY_MS);
        const theirs = await connection();
        assert.match(await theirs.get('/'), /haproxy$/);
        process.kill(pid, 'SIGCONT');
        await until('we answer again', async () => (await answerer()) === 'metasteer');
        assert.match(await theirs.get('/'), /haproxy$/, 'its connection is not cut when we are back');
        await theirs.close();
      } finally {
        process.kill(pid, 'SIGCONT');
      }
      assert.equal(await daemon.stop(), true);
    });
  }
});

describe('where nobody else serves', { skip }, () => {
  it('packets are held back while the daemon is away, and served by the next', async () => {
    const node = await TestNode.build();
    try {
      const settings = { steering: { on_exit: 'hold' } };
      const first = await node.startSteering(settings);
      assert.equal((await curl(node.blue, `${METADATA_V4}/`)).status, 200);
      assert.equal(await first.stop(), true);
      const waiting = curl(node.blue, `${METADATA_V4}/`);
      await sleep(500);
      const second = await node.startSteering(settings);
      assert.equal((await waiting).status, 200);
      await second.signal('SIGKILL');
      const again = curl(node.blue, `${METADATA_V4}/`);
      await sleep(500);
      const third = await node.startSteering();
      assert.equal((await again).status, 200);
      assert.equal(await third.stop(), true);
      const { namespace, port } = node.blue.router;
      assert.doesNotMatch(await namespace.run('tc', ['qdisc', 'show', 'dev', port.interface]), /clsact/);
    } finally {
      await node.remove();
    }
  });
});
