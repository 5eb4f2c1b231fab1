// Needs root: network namespaces and BPF. Random changes under load; the seed is printed and may be given.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomInt, randomUUID } from 'node:crypto';
import { chmodSync, readdirSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { bpfMemory } from '../../bench/bpf-memory.ts';
import { runCommand } from '../../src/demo/command.ts';
import { Daemon } from '../../src/demo/daemon.ts';
import { RunDir, removeLeftovers } from '../../src/demo/run-dir.ts';
import { type Instance, type Router, Topology } from '../../src/demo/topology.ts';
import { SHARED_MAPS } from '../../src/kernel/maps.ts';
import { KeepAliveAgent } from '../kit/agents.ts';
import { mapEntries } from '../kit/bpf-objects.ts';
import { generator } from '../kit/generator.ts';
import { needsRoot, until } from '../kit/node.ts';

const PORTS = 100;
const OPERATIONS = 200;
const CLIENTS = 4;
const SEED = Number(process.env['METASTEER_SEED'] ?? randomInt(2 ** 31));

interface LiveRouter {
  readonly router: Router;
  name: string;
  isUp: boolean;
  hasAddress: boolean;
}

describe(`${OPERATIONS} random changes to ${PORTS} ports under load, seed ${SEED}`, needsRoot, () => {
  const random = generator(SEED);
  const live = new Map<string, LiveRouter>();
  const uuids = Array.from({ length: PORTS + OPERATIONS }, () => randomUUID());
  const clients: { readonly instance: Instance; readonly uuid: string }[] = [];
  let runDir: RunDir;
  let topology: Topology;
  let agent: KeepAliveAgent;
  let daemon: Daemon;
  let supervisorPid: number;
  let descriptorsWithoutPorts: number;

  before(async () => {
    await removeLeftovers();
    runDir = RunDir.create('test');
    topology = new Topology(runDir);
    agent = await KeepAliveAgent.start(runDir.file('agent.sock'));
    chmodSync(agent.path, 0o666);
    daemon = new Daemon({
      runDir,
      agentSocket: agent.path,
      routers: uuids,
      settings: { discovery: { include: uuids, rescan: '1h' } },
    });
    await until('the daemon answers', async () => (await daemon.status()).workers[0]?.state === 'running');
    supervisorPid = daemon.pid;
    descriptorsWithoutPorts = descriptors();
    for (let index = 0; index < PORTS; index += 1) await add();
    for (const [uuid, { router }] of [...live].slice(0, CLIENTS)) {
      const spec = { port: router.port, name: `c${clients.length}`, address: '10.0.0.5/24', gateway: '10.0.0.1' };
      clients.push({ uuid, instance: await topology.createInstance(spec) });
    }
    await daemon.untilSteering(PORTS, new AbortController().signal);
  });
  after(async () => {
    assert.equal(await daemon.stop(), true);
    await agent.stop();
    await topology.remove();
    runDir.remove();
  });

  function descriptors(): number {
    return readdirSync(`/proc/${supervisorPid}/fd`).length;
  }

  async function add(): Promise<void> {
    const uuid = uuids.shift();
    assert.ok(uuid);
    const name = `qr-${uuid.slice(0, 11)}`;
    const router = await topology.createRouter({ uuid, interface: name, address: '10.0.0.1/24' });
    live.set(uuid, { router, name, isUp: true, hasAddress: true });
  }

  /** Routers with clients stay: others come and go. */
  const operations: readonly ((uuid: string, target: LiveRouter) => Promise<void>)[] = [
    async () => add(),
    async (uuid, { router }) => {
      if (clients.some((client) => client.uuid === uuid)) return;
      await runCommand('ip', ['netns', 'del', router.namespace.name]);
      live.delete(uuid);
    },
    async (_, target) => {
      await target.router.namespace.ip('link', 'set', target.name, target.isUp ? 'down' : 'up');
      target.isUp = !target.isUp;
    },
    async (_, target) => {
      await target.router.namespace.ip('addr', target.hasAddress ? 'del' : 'add', '10.0.0.1/24', 'dev', target.name);
      target.hasAddress = !target.hasAddress;
    },
    async (_, { router, name }) => {
      const last = Math.floor(random() * 256)
        .toString(16)
        .padStart(2, '0');
      await router.namespace.ip('link', 'set', name, 'address', `fa:16:3e:00:aa:${last}`);
    },
    async (_, target) => {
      const renamed = `qr-${Math.floor(random() * 2 ** 32).toString(16)}`;
      await target.router.namespace.ip('link', 'set', target.name, 'down');
      await target.router.namespace.ip('link', 'set', target.name, 'name', renamed);
      await target.router.namespace.ip('link', 'set', renamed, 'up');
      Object.assign(target, { name: renamed, isUp: true });
    },
  ];

  /** Asks over and over; a request may fail while its own router changes, but never be answered as somebody else's. */
  async function load(signal: AbortSignal): Promise<{ answered: number; wrong: readonly string[] }> {
    const wrong: string[] = [];
    let answered = 0;
    const ask = async ({ instance, uuid }: (typeof clients)[number]) => {
      while (!signal.aborted) {
        const { stdout } = await instance.namespace.try('curl', [
          '-s',
          '--max-time',
          '2',
          'http://169.254.169.254/who',
        ]);
        const owner = /^x-neutron-router-id: (\S+)/im.exec(stdout)?.[1];
        if (owner === uuid) answered += 1;
        else if (owner !== undefined) wrong.push(`${uuid} was answered as ${owner}`);
      }
    };
    await Promise.all(clients.map(ask));
    return { answered, wrong };
  }

  async function changeAtRandom(): Promise<void> {
    for (let count = 0; count < OPERATIONS; count += 1) {
      const [uuid, target] = [...live][Math.floor(random() * live.size)] ?? [];
      const operate = operations[Math.floor(random() * operations.length)];
      if (uuid !== undefined && target !== undefined) await operate?.(uuid, target);
    }
  }

  it('end with what is wanted, without a leak or a wrong answer', async () => {
    const stopLoad = new AbortController();
    const loaded = load(stopLoad.signal);
    try {
      await changeAtRandom();
    } catch (error) {
      stopLoad.abort();
      throw error;
    }
    const wanted = [...live]
      .flatMap(([uuid, { name, isUp, hasAddress }]) => (isUp && hasAddress ? [`${uuid} ${name}`] : []))
      .sort();
    await until('the ports are those wanted', async () => {
      const steering = (await daemon.status()).ports.filter(({ state }) => state === 'steering');
      assert.deepEqual(steering.map((port) => `${port.owner} ${port.interface}`).sort(), wanted);
      return true;
    });
    stopLoad.abort();
    const { answered, wrong } = await loaded;
    assert.deepEqual(wrong, []);
    assert.ok(answered > OPERATIONS / 10, `${answered} requests were answered meanwhile`);

    // A listening socket and a link each; everything else is closed again.
    await until('no descriptor is left over', () => descriptors() <= descriptorsWithoutPorts + 2 * wanted.length + 2);
    await until('no program and no map is left over', async () => {
      const { programs, maps } = await bpfMemory(supervisorPid);
      // ms_match and its constants each; ms_steer, ms_forget, ms_answer, ms_restore and its constants, and the daemon's maps for all.
      assert.deepEqual({ programs, maps }, { programs: wanted.length + 4, maps: wanted.length + 1 + SHARED_MAPS });
      return true;
    });
    await until('no neighbour is left over', async () => {
      const { ports } = await daemon.status();
      const counted = ports.reduce((total, port) => total + port.neighbours, 0);
      assert.equal((await mapEntries(supervisorPid, 'neighbours')).length, counted);
      return true;
    });
    const devices = JSON.parse(
      execFileSync('ip', ['-n', daemon.namespace, '-j', 'link', 'show', 'type', 'macvlan'], { encoding: 'utf8' }),
    );
    assert.equal(
      (devices as readonly unknown[]).filter((each) => Object.keys(each ?? {}).length > 0).length,
      wanted.length,
    );
  });
});
