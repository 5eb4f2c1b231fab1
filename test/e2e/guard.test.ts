// Needs root: network namespaces and BPF. What one instance does to itself and to nobody else, by flood or by greed.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SynFlooder } from '../../bench/syn-flood.ts';
import type { PortStatusDocument } from '../../src/control/status-document.ts';
import { runCommand } from '../../src/demo/command.ts';
import type { Daemon } from '../../src/demo/daemon.ts';
import { CurlLoop } from '../kit/curl-loop.ts';
import { curl, METADATA_V4, needsRoot, portOf, TestNode, until, whoAmI } from '../kit/node.ts';

const INSTANCE_ID = '/latest/meta-data/instance-id';
const FLOOD_SECONDS = 2;
const SOURCE_RATE = 100;
const SOURCE_BURST = 512;

/** Opens COUNT connections and keeps them open; says how many were opened, and ends with its input. */
const HOLDER = `
import socket, sys
open_ones = []
for _ in range(int(sys.argv[1])):
    s = socket.socket()
    s.setblocking(False)
    s.connect_ex(('169.254.169.254', 80))
    open_ones.append(s)
print('trying', flush=True)
sys.stdin.read()
`;

describe('an instance', needsRoot, () => {
  let node: TestNode;
  let flooder: SynFlooder;
  let daemon: Daemon | undefined;

  before(async () => {
    node = await TestNode.build();
    flooder = await SynFlooder.compile(node.runDir.path);
  });
  after(() => node.remove());

  async function withDaemon(guard: Readonly<Record<string, unknown>>, test: (daemon: Daemon) => Promise<void>) {
    daemon = await node.startSteering({ guard });
    try {
      await test(daemon);
    } finally {
      assert.equal(await daemon.stop(), true);
    }
  }

  function flood(sources: number, seconds = FLOOD_SECONDS): Promise<number> {
    const { instance, router } = node.blue;
    return flooder.run(instance.namespace, {
      interface: 'eth0',
      routerMac: router.port.mac,
      sourceMac: instance.mac,
      firstSource: sources === 1 ? instance.address : '10.0.0.20',
      sources,
      seconds,
    });
  }

  /** What the other tenant gets while something happens: every request is answered. */
  async function othersAreServed(meanwhile: () => Promise<void>): Promise<void> {
    const loop = new CurlLoop(node.runDir, 'green', node.green.instance.namespace, INSTANCE_ID);
    await until('the other tenant is served', () => loop.answers.length > 5);
    await meanwhile();
    await loop.stop();
    const wrong = loop.answers.filter((answer) => answer !== node.green.known.ec2Id);
    assert.deepEqual(wrong, [], `of ${loop.answers.length} requests`);
  }

  function counted(port: PortStatusDocument, ...verdicts: readonly string[]): number {
    return verdicts.reduce((total, verdict) => total + (port.counters[verdict] ?? 0), 0);
  }

  it('that floods from its own address is stopped, recovers at once, and troubles nobody else', async () => {
    await withDaemon({}, async (running) => {
      let sent = 0;
      await othersAreServed(async () => {
        sent = await flood(1);
      });
      const started = Date.now();
      await until('it is served again', async () => (await whoAmI(node.blue)) === node.blue.known.uuid, 3000);
      assert.ok(Date.now() - started < 3000);
      const port = await portOf(running, node.blue);
      assert.ok(sent > 10 * SOURCE_BURST, `${sent} SYNs are a flood`);
      const let_in = counted(port, 'steer_syn', 'steer_syn_again');
      assert.ok(let_in <= SOURCE_BURST + SOURCE_RATE * (FLOOD_SECONDS + 6), `${let_in} of ${sent} were let in`);
      assert.equal(counted(port, 'drop_source_rate') + let_in >= sent, true);
    });
  });

  it('that floods from thousands of forged addresses troubles nobody else, and what was learned of them is forgotten', async () => {
    await withDaemon({}, async (running) => {
      await whoAmI(node.blue);
      await othersAreServed(async () => {
        await flood(4000);
      });
      assert.equal(await whoAmI(node.blue), node.blue.known.uuid);
      const port = await portOf(running, node.blue);
      // All but those of the router's own subnet are nobody's here.
      assert.ok(counted(port, 'pass_other_network') > 1000);
      assert.ok(port.neighbours <= 256 + 2, `${port.neighbours} neighbours`);
      await until(
        'forged addresses and half-open connections are forgotten',
        async () => {
          const now = await portOf(running, node.blue);
          return now.neighbours < 10 && now.flows < 10;
        },
        40_000,
      );
    });
  });

  it('that opens a thousand connections gets as many as one may have, and gives them back', async () => {
    await withDaemon({}, async (running) => {
      const holder = spawn(
        'ip',
        ['netns', 'exec', node.blue.instance.namespace.name, 'python3', '-c', HOLDER, '1000'],
        {
          stdio: ['pipe', 'pipe', 'inherit'],
        },
      );
      await othersAreServed(async () => {
        await once(holder.stdout, 'data');
        await sleep(1000);
        const port = await portOf(running, node.blue);
        assert.ok(port.flows >= SOURCE_BURST / 2 && port.flows <= 512, `${port.flows} connections`);
        assert.ok(counted(port, 'drop_source_rate', 'drop_source_open') > 0);
      });
      await ended(holder);
      await until('they are given back', async () => (await portOf(running, node.blue)).flows === 0, 40_000);
    });
  });

  it('is held to limits that change while it is steered, with nothing attached anew', async () => {
    await withDaemon({}, async (running) => {
      const before = await portOf(running, node.blue);
      const limits = (...args: readonly string[]) =>
        runCommand('sh', ['-c', `${running.command} limits --socket ${running.adminSocket} ${args.join(' ')}`]);
      const changed = JSON.parse(
        await limits('--json', '--source-connections', '5', '--source-burst', '4000'),
      ) as object;
      assert.equal(Reflect.get(changed, 'source_connections'), 5);
      const holder = spawn('ip', ['netns', 'exec', node.blue.instance.namespace.name, 'python3', '-c', HOLDER, '50'], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      await once(holder.stdout, 'data');
      await until('it has five', async () => (await portOf(running, node.blue)).flows === 5);
      const after = await portOf(running, node.blue);
      assert.equal(after.port, before.port);
      assert.ok(counted(after, 'drop_source_open') > 0);
      await ended(holder);
      await assert.rejects(limits('--source-rate', 'fast'), /source_rate: expected a whole number/);
      assert.match(await limits(), /source_connections +5 /);
    });
  });

  it('meets the shield where it is always up, and the interface is as before when we stop', async () => {
    const { namespace, port } = node.blue.router;
    const before = await namespace.ip('-d', 'link', 'show', 'dev', port.interface);
    await withDaemon({ xdp: 'always', port_rate: 500, port_burst: 500 }, async (running) => {
      await until('it is up', async () => (await portOf(running, node.blue)).shield === 'generic');
      assert.equal(await whoAmI(node.blue), node.blue.known.uuid);
      await othersAreServed(async () => {
        await flood(1, 1);
        await flood(4000, 1);
      });
      const status = await portOf(running, node.blue);
      assert.ok(counted(status, 'guard_source_rate') > 0);
      assert.ok(counted(status, 'guard_port_rate', 'guard_neighbour_quota', 'pass_other_network') > 0);
      assert.equal((await running.status()).daemon.shield_switches, 2);
    });
    assert.equal(await namespace.ip('-d', 'link', 'show', 'dev', port.interface), before);
  });

  it('meets the shield while it floods, and no longer when it is calm', async () => {
    await withDaemon({ xdp: 'auto', xdp_on: 1000, xdp_calm: '2s' }, async (running) => {
      const flooding = flood(1, 6);
      await until('it is up', async () => (await portOf(running, node.blue)).shield === 'generic');
      assert.equal((await portOf(running, node.green)).shield, 'off');
      await flooding;
      await until('it is down', async () => (await portOf(running, node.blue)).shield === 'off');
      assert.ok(counted(await portOf(running, node.blue), 'guard_source_rate') > 0);
      // Status is asked by one way and the log comes by another: the second line may still be on its way.
      const toldOf = () => running.log.filter((line) => line.includes('the shield is'));
      await until('both are told', () => toldOf().length >= 2);
      const told = toldOf();
      assert.equal(told.length, 2, told.join('\n'));
      assert.ok(told.every((line) => line.includes(node.blue.router.uuid)));
    });
  });

  it('whose address moves to another MAC is in the log, with both', async () => {
    await withDaemon({}, async (running) => {
      const { instance } = node.blue;
      assert.equal(await whoAmI(node.blue), node.blue.known.uuid);
      const mac = 'fa:16:3e:77:00:99';
      await instance.namespace.ip('link', 'set', 'eth0', 'address', mac);
      try {
        // Its replies go to the new MAC, but the agent knows the address with another.
        assert.equal((await curl(node.blue, `${METADATA_V4}${INSTANCE_ID}`)).status, 404);
        await until('it is told', () =>
          running.log.some(
            (line) => line.includes('moved to another MAC') && line.includes(mac) && line.includes(instance.mac),
          ),
        );
        assert.equal(counted(await portOf(running, node.blue), 'steer_syn_moved'), 1);
      } finally {
        await instance.namespace.ip('link', 'set', 'eth0', 'address', instance.mac);
      }
    });
  });
});

async function ended(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.stdin?.end();
  await exited;
}
