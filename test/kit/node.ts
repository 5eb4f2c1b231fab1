/** A network node for end-to-end tests: routers and instances in namespaces, an agent, the real daemon. Needs root. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PortStatusDocument } from '../../src/control/status-document.ts';
import { Daemon } from '../../src/demo/daemon.ts';
import { RunDir, removeLeftovers } from '../../src/demo/run-dir.ts';
import { type AgentPlan, buildStage, type Stage, type Tenant } from '../../src/demo/stage.ts';
import { Teardown } from '../../src/demo/teardown.ts';

const DEADLINE_MS = 20_000;
const POLL_MS = 25;

export const isRoot = process.geteuid?.() === 0;

/** What `describe` gets in files that need root: as root they always run. */
export const needsRoot = { skip: isRoot ? false : 'needs root' } as const;

/** Polls until something holds. @throws {Error} with the last reason when it does not within the deadline. */
export async function until(
  what: string,
  holds: () => unknown | Promise<unknown>,
  withinMs = DEADLINE_MS,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  for (let last: unknown = 'it was never true'; ; await sleep(POLL_MS)) {
    try {
      if (await holds()) return;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`${what} did not become true: ${last}`);
  }
}

/** The two tenants of the demo with Neutron's rules in their routers, and daemons to order. */
export class TestNode {
  readonly runDir: RunDir;
  readonly stage: Stage;
  readonly #teardown: Teardown;

  private constructor(runDir: RunDir, stage: Stage, teardown: Teardown) {
    this.runDir = runDir;
    this.stage = stage;
    this.#teardown = teardown;
  }

  static async build(agent: AgentPlan = {}): Promise<TestNode> {
    await removeLeftovers();
    const teardown = new Teardown();
    const runDir = RunDir.create('test');
    teardown.add('run directory', () => runDir.remove());
    const stage = await buildStage(runDir, (what, action) => teardown.add(what, action), agent);
    return new TestNode(runDir, stage, teardown);
  }

  get blue(): Tenant {
    return this.#tenant(0);
  }

  get green(): Tenant {
    return this.#tenant(1);
  }

  /** Starts a daemon; it is stopped with the node at the latest. */
  startDaemon(settings: Readonly<Record<string, unknown>> = {}, through: readonly string[] = []): Daemon {
    const routers = this.stage.tenants.map(({ router }) => router.uuid);
    const daemon = new Daemon({ runDir: this.runDir, agentSocket: this.stage.agentSocket, routers, settings, through });
    this.#teardown.add('daemon', async () => assert.ok(await daemon.stop(), 'the daemon had to be killed'));
    return daemon;
  }

  /** Starts a daemon and waits until both routers are steered. */
  async startSteering(settings: Readonly<Record<string, unknown>> = {}): Promise<Daemon> {
    const daemon = this.startDaemon(settings);
    await daemon.untilSteering(this.stage.tenants.length, new AbortController().signal);
    return daemon;
  }

  /** Notes something to take away with the node. */
  undo(what: string, action: () => void | Promise<void>): void {
    this.#teardown.add(what, action);
  }

  async remove(): Promise<void> {
    assert.deepEqual(await this.#teardown.run(), [], 'everything could be taken away');
  }

  #tenant(index: number): Tenant {
    const tenant = this.stage.tenants[index];
    assert.ok(tenant);
    return tenant;
  }
}

/** The status of the port that steers a tenant's router. */
export async function portOf(daemon: Daemon, tenant: Tenant): Promise<PortStatusDocument> {
  const { ports } = await daemon.status();
  const port = ports.find(({ owner }) => owner === tenant.router.uuid);
  assert.ok(port, `there is a port of router ${tenant.router.uuid}`);
  return port;
}

export interface CurlAnswer {
  readonly status: number;
  readonly headers: string;
  readonly body: string;
  /** curl's own exit status; 0 when it got a reply. */
  readonly exit: number;
}

/** Runs real curl inside an instance. */
export async function curl(tenant: Tenant, url: string, ...options: readonly string[]): Promise<CurlAnswer> {
  const args = ['-sS', '-g', '-i', '--max-time', '10', ...options, url];
  const { status: exit, stdout, stderr } = await tenant.instance.namespace.try('curl', args);
  // An interim reply (100 Continue) has a head of its own.
  const reply = stdout.replace(/^(HTTP\/1\.1 1\d\d [\s\S]*?\r\n\r\n)+/, '');
  const end = reply.indexOf('\r\n\r\n');
  const head = end === -1 ? '' : reply.slice(0, end);
  return { status: Number(head.split(' ')[1] ?? 0), headers: head || stderr, body: reply.slice(end + 4), exit };
}

export const METADATA_V4 = 'http://169.254.169.254';
export const METADATA_V6 = 'http://[fe80::a9fe:a9fe%25eth0]';

/** UUID of the instance that the metadata service takes the caller for. */
export async function whoAmI(tenant: Tenant, base: string = METADATA_V4): Promise<string> {
  const { status, body, headers } = await curl(tenant, `${base}/openstack/latest/meta_data.json`);
  assert.equal(status, 200, headers);
  const { uuid } = JSON.parse(body) as { readonly uuid: string };
  return uuid;
}

/** Has an instance open so many connections at once, and give up after a second on those that are not accepted. */
export async function knock({ instance }: Tenant, connections: number): Promise<void> {
  const open = `for _ in $(seq ${connections}); do (: </dev/tcp/169.254.169.254/80) & done; wait`;
  await instance.namespace.try('timeout', ['1', 'bash', '-c', open]);
}
