/** A node with two tenants and a running daemon, which rows share. Needs root. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PortStatusDocument } from '../../src/control/status-document.ts';
import { runCommand } from '../../src/demo/command.ts';
import type { Daemon } from '../../src/demo/daemon.ts';
import type { Tenant } from '../../src/demo/stage.ts';
import { type Router, Topology } from '../../src/demo/topology.ts';
import { messageOf } from '../../src/errors.ts';
import { programTags } from '../kit/bpf-objects.ts';
import { curl, METADATA_V4, portOf, TestNode, until, whoAmI } from '../kit/node.ts';
import type { OtherVersion } from '../kit/other-version.ts';
import type { Strikes } from '../kit/strikes.ts';
import { type NodeState, nodeState } from './node-state.ts';

/** Of curl: a router on which nobody listens answers with a reset. A worker that hangs would let the time run out instead. */
const REFUSED = 7;
export const PORTS_MAX = 3;
export const NEIGHBOURS_MAX = 32;
const WORKERS_ENDED_MAX = 2;
const LOG_LINES = 20;
/** Longer than the resolver keeps sockets for. */
const RESOLVER_RESTS_MS = 1500;
/** Routers that rows make, beside those of the tenants. */
const SPARE = 400;

export interface NodeSiteOptions {
  /** Further sections of the configuration. */
  readonly sections?: Readonly<Record<string, unknown>>;
  /** Another version than this one, which its daemon is of; and what becomes of that one's steps. */
  readonly version?: OtherVersion;
  readonly strikes?: Strikes;
}

export class NodeSite {
  readonly node: TestNode;
  daemon: Daemon;
  readonly #spare = Array.from({ length: SPARE }, () => randomUUID());
  readonly #include: readonly string[];
  readonly #ends: (() => unknown)[] = [];
  /** Since the daemon was started: it waits ever longer before it replaces them. */
  #workersEnded = 0;
  readonly #options: NodeSiteOptions;
  /** The state that the row before left, and found. */
  #known: NodeState | undefined;

  private constructor(node: TestNode, options: NodeSiteOptions) {
    this.node = node;
    this.#options = options;
    this.#include = [...node.stage.tenants.map(({ router }) => router.uuid), ...this.#spare];
    this.daemon = this.#start();
  }

  static async open(options: NodeSiteOptions = {}): Promise<NodeSite> {
    const site = new NodeSite(await TestNode.build(), options);
    await site.untilServed();
    return site;
  }

  /** What can happen to steps of the daemon. */
  get strikes(): Strikes {
    assert.ok(this.#options.strikes, 'its daemon is of a version whose steps can be struck');
    return this.#options.strikes;
  }

  get blue(): Tenant {
    return this.node.blue;
  }

  /** @param more further sections */
  settings(more: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
    return {
      discovery: { include: this.#include, rescan: '1h' },
      agent: { socket: this.node.stage.agentSocket, queue_timeout: '1s' },
      steering: {
        stale_after: '500ms',
        take_over: '0s',
        ports_max: PORTS_MAX,
        neighbours_per_port_max: NEIGHBOURS_MAX,
      },
      ...this.#options.sections,
      ...more,
    };
  }

  #start(more: Readonly<Record<string, unknown>> = {}, through: readonly string[] = []): Daemon {
    return this.node.startDaemon(this.settings(more), [...through, ...(this.#options.version?.through ?? [])]);
  }

  /**
   * Starts the daemon again, as it was or otherwise.
   *
   * @param through a command that becomes the daemon
   */
  restart(more: Readonly<Record<string, unknown>> = {}, through: readonly string[] = []): void {
    this.daemon = this.#start(more, through);
    this.#workersEnded = 0;
  }

  /** Waits until the daemon has replaced a worker that has ended. */
  async untilReplaced(pid: number): Promise<void> {
    await until('another runs', async () => (await this.workerPid()) !== pid);
    this.#workersEnded += 1;
  }

  /** Notes what ends a row, whether it succeeds or not. */
  undo(action: () => unknown): void {
    this.#ends.push(action);
  }

  /**
   * Runs a row, and compares: nothing is more or less than before, and both tenants are served.
   *
   * @throws {Error} with what the daemon logged last
   */
  async around(inject: (site: NodeSite) => Promise<void>): Promise<void> {
    try {
      await this.#around(inject);
    } catch (cause) {
      const log = this.daemon.log.slice(-LOG_LINES).join('\n');
      throw new Error(`${messageOf(cause)}\nThe daemon's log:\n${log}`, { cause });
    }
  }

  async #around(inject: (site: NodeSite) => Promise<void>): Promise<void> {
    if (this.#workersEnded > WORKERS_ENDED_MAX) {
      assert.equal(await this.daemon.stop(), true);
      this.restart();
      await this.untilServed();
      this.#known = undefined;
    }
    const before = this.#known ?? (await this.#restingState());
    this.#known = undefined;
    try {
      await inject(this);
    } finally {
      for (const end of this.#ends.splice(0).reverse()) await end();
    }
    await this.untilServed();
    await until('everything is as it was', async () => {
      assert.deepEqual(await this.#state(), before);
      return true;
    });
    this.#known = before;
  }

  /** After a while without questions the resolver has closed its sockets in routers (native/resolve.c). */
  async #restingState(): Promise<NodeState> {
    await sleep(RESOLVER_RESTS_MS);
    return this.#state();
  }

  async close(): Promise<void> {
    assert.equal(await this.daemon.stop(), true, 'the daemon ended by itself');
    await this.node.remove();
  }

  async untilServed(tenants: readonly Tenant[] = this.node.stage.tenants): Promise<void> {
    for (const tenant of tenants) {
      await until(`${tenant.known.name} is served`, async () => (await whoAmI(tenant)) === tenant.known.uuid);
    }
  }

  /** Waits until requests go past the daemon, to a router on which nobody else answers. */
  async untilPassedBy(): Promise<void> {
    await until('packets pass', async () => (await curl(this.blue, METADATA_V4, '--max-time', '2')).exit === REFUSED);
  }

  /** The blue tenant's port, once it is as wanted. */
  async untilBlue(what: string, holds: (port: PortStatusDocument) => boolean): Promise<PortStatusDocument> {
    let port: PortStatusDocument | undefined;
    await until(what, async () => {
      port = await portOf(this.daemon, this.blue);
      return holds(port);
    });
    assert.ok(port);
    return port;
  }

  /** A UUID that the daemon steers, without a router yet. */
  spareUuid(): string {
    const uuid = this.#spare.pop();
    assert.ok(uuid, 'enough spare routers');
    return uuid;
  }

  /** Makes a router that lasts until the row ends, or is removed by it. */
  async createRouter(): Promise<{ readonly router: Router; remove(): Promise<void> }> {
    const topology = new Topology(this.node.runDir);
    this.undo(() => topology.remove());
    const uuid = this.spareUuid();
    const router = await topology.createRouter({ uuid, interface: `qr-${uuid.slice(0, 8)}`, address: '10.9.0.1/24' });
    return { router, remove: () => topology.remove() };
  }

  async workerPid(): Promise<number> {
    let pid: number | undefined;
    await until('a worker runs', async () => {
      pid = (await this.daemon.status()).workers.find(({ state }) => state === 'running')?.pid;
      return pid !== undefined;
    });
    return pid ?? 0;
  }

  /**
   * Leaves a process that many descriptors it may still open, until the row ends or what is returned is called. The
   * limit is of their numbers, among which there are gaps.
   */
  async limitDescriptors(pid: number, spare: number): Promise<() => Promise<unknown>> {
    // As its own user: where root lacks CAP_SYS_RESOURCE it may not touch others.
    const { uid, gid } = statSync(`/proc/${pid}`);
    const user = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
    const prlimit = (...args: readonly string[]) =>
      runCommand('setpriv', [...user, 'prlimit', '--pid', String(pid), ...args]);
    const limit = (count: number | string) => prlimit(`--nofile=${count}:`);
    const before = (await prlimit('--nofile', '-o', 'SOFT', '--noheadings')).trim();
    this.undo(() => limit(before));
    const open = new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
    const free = Array.from({ length: open.size + spare + 1 }, (_, fd) => fd).filter((fd) => !open.has(fd));
    await limit(free[spare] ?? 0);
    return () => limit(before);
  }

  async #state(): Promise<NodeState> {
    const { node, daemon } = this;
    const routers = node.stage.tenants.map(({ router }) => router.namespace.name);
    const { ports, workers, daemon: about } = await daemon.status();
    const known = ports.map(({ owner, interface: name, state }) => `${owner} ${name} ${state}`).sort();
    const started = workers.map(({ pid, state }) => `${state} ${readFileSync(`/proc/${pid}/cmdline`, 'utf8')}`).sort();
    const namespaces = [...routers, daemon.namespace];
    return {
      ...{ known, started, limits: about.limits, tags: await programTags(daemon.pid) },
      ...(await nodeState({ namespaces, pid: daemon.pid, runDir: node.runDir.path })),
    };
  }
}
