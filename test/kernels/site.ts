/** Two tenants with the same addresses, wired in one of several ways, an agent, the real daemon. Needs root. */
import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { chmodSync, existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PortStatusDocument } from '../../src/control/status-document.ts';
import { Daemon } from '../../src/demo/daemon.ts';
import { Namespace } from '../../src/demo/namespace.ts';
import { RunDir, removeLeftovers } from '../../src/demo/run-dir.ts';
import { Teardown } from '../../src/demo/teardown.ts';
import { Topology } from '../../src/demo/topology.ts';
import { messageOf } from '../../src/errors.ts';
import { type Answerer, echo, KeepAliveAgent, reply } from '../kit/agents.ts';
import { EchoServers } from '../kit/echo-servers.ts';
import { until } from '../kit/node.ts';
import { BridgeWiring, OvsWiring, type Plug, VethWiring, type Wiring, type WiringName } from './wiring.ts';

/** Under emulation a Node alone may take ten seconds to start. */
const START_MS = 180_000;
const STOP_MS = 60_000;
const CURL_SECONDS = 60;

export const INSTANCE = '10.0.0.5';
export const ROUTER = '10.0.0.1';
export const METADATA = '169.254.169.254';

export const URLS = { IPv4: `http://${METADATA}`, IPv6: 'http://[fe80::a9fe:a9fe%25eth0]' } as const;
export type Family = keyof typeof URLS;

/** Text no two parts of which are the same: what is lost or swapped on the way shows. */
export const KIB_64 = Array.from({ length: 1024 }, (_, line) =>
  createHash('sha256').update(String(line)).digest('hex'),
).join('');

export interface Tenant extends Plug {
  readonly uuid: string;
  /** The instance's IPv6 link-local address, which is the same in both tenants: their MACs are. */
  readonly linkLocal: string;
}

export class Site {
  readonly wiring: Wiring;
  readonly tenants: readonly [Tenant, Tenant];
  readonly daemon: Daemon;
  readonly #untouched: string;
  readonly #teardown: Teardown;

  private constructor(
    wiring: Wiring,
    tenants: readonly [Tenant, Tenant],
    daemon: Daemon,
    untouched: string,
    teardown: Teardown,
  ) {
    this.wiring = wiring;
    this.tenants = tenants;
    this.daemon = daemon;
    this.#untouched = untouched;
    this.#teardown = teardown;
  }

  /** @throws {Error} with what the daemon logged when it does not steer both routers; all is then taken away again. */
  static async build(name: WiringName, attach: 'auto' | 'clsact' = 'auto'): Promise<Site> {
    await removeLeftovers();
    const teardown = new Teardown();
    try {
      const runDir = RunDir.create('test');
      teardown.add('run directory', () => runDir.remove());
      const topology = new Topology(runDir);
      teardown.add('namespaces', () => topology.remove());
      const wiring = await wiringOf(name, topology);
      teardown.add('wiring', () => wiring.remove());
      const tenants = [await buildTenant(1, wiring, topology), await buildTenant(2, wiring, topology)] as const;
      const servers = await EchoServers.start(tenants[0].router, { tcp: [8080], udp: [80] });
      teardown.add('servers in the router', () => servers.stop());
      const agent = await KeepAliveAgent.start(runDir.file('agent.sock'), answerer());
      chmodSync(agent.path, 0o666);
      teardown.add('agent', () => agent.stop());
      const untouched = await interfaceState(tenants[0]);
      const daemon = new Daemon({
        runDir,
        agentSocket: agent.path,
        routers: tenants.map(({ uuid }) => uuid),
        settings: { agent: { socket: agent.path, generation: 'keep-alive' }, steering: { attach } },
      });
      teardown.add('daemon', async () => void (await daemon.stop()));
      await untilSteering(daemon);
      return new Site(wiring, tenants, daemon, untouched, teardown);
    } catch (error) {
      await teardown.run();
      throw error;
    }
  }

  /** A request from inside an instance; returns the body of the 200. @throws {CommandError} with what curl said. */
  ask(tenant: Tenant, url: string, body?: string, ...options: readonly string[]): Promise<string> {
    const args = ['-sS', '-g', '--fail', '--max-time', `${CURL_SECONDS}`, ...options];
    if (body !== undefined) args.push('--data-binary', '@-');
    const timeoutMs = (CURL_SECONDS + 30) * 1000;
    return tenant.instance.run('curl', [...args, url], { ...(body === undefined ? {} : { input: body }), timeoutMs });
  }

  /** @throws {AssertionError} when the tenant's router has no port. */
  async portOf(tenant: Tenant): Promise<PortStatusDocument> {
    const { ports } = await this.daemon.status();
    const port = ports.find(({ owner }) => owner === tenant.uuid);
    assert.ok(port, `there is a port of router ${tenant.uuid}`);
    return port;
  }

  /** MAC of the device in the daemon's namespace that a tenant's packets are steered to. */
  async deviceMacOf(tenant: Tenant): Promise<string> {
    const { device } = await this.portOf(tenant);
    return (await new Namespace(this.daemon.namespace).link(device ?? '')).mac;
  }

  /** Sends SIGTERM to the daemon. @throws {AssertionError} when it does not end, or leaves anything of ours. */
  async stopDaemon(): Promise<void> {
    await this.daemon.signal('SIGTERM');
    const ended = await Promise.race([this.daemon.ended, sleep(STOP_MS, undefined, { ref: false })]);
    assert.deepEqual(ended, { code: 0 }, `SIGTERM ended it; log:\n${this.daemon.log.slice(-10).join('\n')}`);
    assert.equal(existsSync(`/run/netns/${this.daemon.namespace}`), false, 'its namespace is gone');
    assert.equal(existsSync(this.daemon.adminSocket), false, 'its admin socket is gone');
    assert.equal(await interfaceState(this.tenants[0]), this.#untouched, 'the router interface is as before');
  }

  /** @throws {AssertionError} when something could not be taken away. */
  async remove(): Promise<void> {
    assert.deepEqual(await this.#teardown.run(), [], 'everything could be taken away');
  }
}

async function wiringOf(name: WiringName, topology: Topology): Promise<Wiring> {
  if (name === 'veth') return new VethWiring();
  if (name === 'ovs') return new OvsWiring();
  return new BridgeWiring(await topology.createNamespace(`ms${process.pid}-switch`));
}

async function buildTenant(network: number, wiring: Wiring, topology: Topology): Promise<Tenant> {
  const uuid = randomUUID();
  const router = await topology.createNamespace(`qrouter-${uuid}`);
  const instance = await topology.createNamespace(`ms${process.pid}-i${network}`);
  const name = `qr-${uuid.slice(0, 11)}`;
  const macs = { routerMac: `fa:16:3e:00:01:0${network}`, instanceMac: 'fa:16:3e:00:00:05' };
  const plug = { router, interface: name, instance, network, ...macs };
  await router.sysctl('1', 'ipv4/ip_forward', 'ipv6/conf/all/forwarding');
  await poison(router);
  await wiring.join(plug);
  // The router has the metadata address too, so that what is passed can be seen to arrive there.
  await router.ip('addr', 'add', `${METADATA}/32`, 'dev', 'lo');
  await router.ip('addr', 'add', `${ROUTER}/24`, 'dev', name);
  await router.ip('link', 'set', name, 'up');
  await instance.ip('addr', 'add', `${INSTANCE}/24`, 'dev', 'eth0');
  await instance.ip('link', 'set', 'eth0', 'up');
  await instance.ip('route', 'add', 'default', 'via', ROUTER);
  const gateway = await linkLocalOf(router, name);
  const linkLocal = await linkLocalOf(instance, 'eth0');
  await instance.ip('-6', 'route', 'add', 'fe80::a9fe:a9fe/128', 'via', gateway, 'dev', 'eth0');
  return { ...plug, uuid, linkLocal };
}

/** Whatever netfilter sees of metadata traffic goes to addresses that do not exist. */
async function poison(router: Namespace): Promise<void> {
  const rule = ['-w', '5', '-t', 'nat', '-A', 'PREROUTING', '-p', 'tcp', '--dport', '80', '-j', 'DNAT', '--to'];
  await router.run('iptables', [...rule, '10.0.0.99'], { timeoutMs: 60_000 });
  await router.run('ip6tables', [...rule, '2001:db8::99'], { timeoutMs: 60_000 });
}

async function linkLocalOf(namespace: Namespace, name: string): Promise<string> {
  let found: string | undefined;
  await until(`${name} has a link-local address`, async () => {
    [found] = await namespace.linkLocals(name);
    return found !== undefined;
  });
  return found ?? '';
}

/** Echoes requests; answers `/big` with 64 KiB, and `/together` once two such requests are there. */
function answerer(): Answerer {
  let waiting: (() => void)[] = [];
  return async (request, socket) => {
    const [, path = ''] = request.requestLine.split(' ');
    if (path === '/big') return reply(KIB_64);
    if (path === '/together') {
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        if (waiting.length < 2) return;
        for (const release of waiting) release();
        waiting = [];
      });
    }
    return echo(request, socket);
  };
}

/** Everything about a router interface that steering may touch. */
async function interfaceState({ router, interface: name }: Tenant): Promise<string> {
  const link = await router.ip('-d', 'link', 'show', 'dev', name);
  const qdiscs = await router.run('tc', ['qdisc', 'show', 'dev', name]);
  return `${link}\n${qdiscs}`;
}

async function untilSteering(daemon: Daemon): Promise<void> {
  const steering = async () => {
    const { ports } = await daemon.status();
    if (ports.filter(({ state }) => state === 'steering').length === 2) return true;
    throw new Error(ports.map(({ state, reason }) => `${state} (${reason ?? 'no error'})`).join(', ') || 'no ports');
  };
  const gone = daemon.ended.then(() => Promise.reject(new Error('the daemon ended')));
  try {
    await Promise.race([until('both routers are steered', steering, START_MS), gone]);
  } catch (error) {
    throw new Error([messageOf(error), ...daemon.log.slice(-20)].join('\n'));
  }
}
