/** A router interface and all that attaching it takes, in this process. Needs root. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { parseConfig } from '../../src/config/load.ts';
import { type AttachContext, attachPort } from '../../src/control/attach.ts';
import { Inventory } from '../../src/control/inventory.ts';
import { LiveConfig } from '../../src/control/live-config.ts';
import type { FoundInterface } from '../../src/control/port.ts';
import { PortNamespace } from '../../src/control/port-namespace.ts';
import { createMaps, preparePrograms } from '../../src/control/preflight.ts';
import type { Workers } from '../../src/control/workers.ts';
import { runCommand } from '../../src/demo/command.ts';
import { RunDir, removeLeftovers, removeNamespaces } from '../../src/demo/run-dir.ts';
import { type Router, Topology } from '../../src/demo/topology.ts';
import type { ErrorCode } from '../../src/errors.ts';
import { MetasteerError } from '../../src/errors.ts';
import { parsePortId } from '../../src/identity/port-id.ts';
import { until } from '../kit/node.ts';
import { nodeState } from './node-state.ts';

const PORTS_MAX = 4;
export const ID = parsePortId(2);
export const DEVICE = `ms${ID}`;

/** What happens when a part is asked for something: by name of what it is asked. */
export type Faults<T> = { readonly [Key in keyof T]?: (call: number) => void | Promise<void> };

/** Where a row may strike while an interface is attached. */
export interface Strikes {
  readonly maps?: Faults<AttachContext['maps']>;
  readonly programs?: Faults<AttachContext['programs']>;
  readonly namespace?: Faults<AttachContext['namespace']>;
  readonly workers?: Faults<Workers>;
}

export class AttachBench {
  readonly runDir: RunDir;
  readonly context: AttachContext;
  readonly portNamespace: string;
  readonly #close: () => Promise<void>;

  private constructor(runDir: RunDir, context: AttachContext, portNamespace: string, close: () => Promise<void>) {
    this.runDir = runDir;
    this.context = context;
    this.portNamespace = portNamespace;
    this.#close = close;
  }

  static async open(): Promise<AttachBench> {
    await removeLeftovers();
    const runDir = RunDir.create('test');
    const name = `ms${process.pid}-ports`;
    runDir.recordNamespace(name);
    const config = parseConfig(
      `agent: { socket: ${runDir.file('agent.sock')} }\nrun_dir: ${runDir.path}\nnamespace: ${name}\nsteering: { ports_max: ${PORTS_MAX} }\n`,
      'test',
    );
    const maps = await createMaps(config);
    const programs = await preparePrograms(maps);
    const namespace = await PortNamespace.create(config);
    const workers = { addPort: async () => undefined, removePort: () => undefined } as unknown as Workers;
    const context = { maps, programs, namespace, workers, steering: config.steering, atOnce: 1 };
    return new AttachBench(runDir, context, name, async () => {
      await namespace.close();
      programs.close();
      maps.close();
      runDir.remove();
    });
  }

  close(): Promise<void> {
    return this.#close();
  }

  /** Runs a row on a router of its own: nothing is left of the attempt, and nothing at all without the router. */
  async around(inject: (site: AttachSite) => Promise<void>): Promise<void> {
    const before = await this.#state([]);
    const topology = new Topology(this.runDir);
    try {
      const uuid = randomUUID();
      const name = `qr-${uuid.slice(0, 11)}`;
      const router = await topology.createRouter({ uuid, interface: name, address: '10.0.0.1/24' });
      const untouched = await this.#state([router.namespace.name]);
      const site = new AttachSite(this, router, await foundIn(router));
      await inject(site);
      await site.end();
      if (!site.isGone) await this.#untilEqual(untouched, [router.namespace.name]);
    } finally {
      await topology.remove();
    }
    await this.#untilEqual(before, []);
  }

  #state(routers: readonly string[]) {
    return nodeState({
      namespaces: [this.portNamespace, ...routers],
      pid: process.pid,
      runDir: this.runDir.path,
    });
  }

  async #untilEqual(expected: unknown, routers: readonly string[]): Promise<void> {
    await until('everything is as it was', async () => {
      assert.deepEqual(await this.#state(routers), expected);
      return true;
    });
  }
}

async function foundIn({ namespace, uuid }: Router): Promise<FoundInterface> {
  const text = `agent: { socket: /run/agent }\ndiscovery: { include: [${uuid}] }\n`;
  const inventory = new Inventory(new LiveConfig(parseConfig(text, 'test')));
  await inventory.refresh({ all: false, names: new Set([namespace.name]) });
  const [found] = inventory.found;
  assert.ok(found);
  return found;
}

export class AttachSite {
  readonly bench: AttachBench;
  readonly router: Router;
  readonly found: FoundInterface;
  /** Whether the row has taken the interface away. */
  isGone = false;
  readonly #ends: (() => Promise<unknown>)[] = [];

  constructor(bench: AttachBench, router: Router, found: FoundInterface) {
    this.bench = bench;
    this.router = router;
    this.found = found;
  }

  undo(action: () => Promise<unknown>): void {
    this.#ends.push(action);
  }

  async end(): Promise<void> {
    for (const end of this.#ends.splice(0).reverse()) await end();
  }

  /** Takes the router interface away, as an L3 agent does. */
  async unplug(): Promise<void> {
    if (this.isGone) return;
    this.isGone = true;
    await this.router.namespace.ip('link', 'del', this.found.link.name);
  }

  async removeRouter(): Promise<void> {
    await this.unplug();
    await removeNamespaces([this.router.namespace.name]);
  }

  /** Attaches the interface; it must fail with that code. */
  async fails(code: ErrorCode, strikes: Strikes = {}): Promise<void> {
    await assert.rejects(attachPort(ID, this.found, struck(this.bench.context, strikes)), (error) => {
      assert.ok(error instanceof MetasteerError, String(error));
      assert.equal(error.code, code, error.message);
      return true;
    });
  }

  /** Attaches the interface and lets it go: whatever was in the way is there no more. */
  async works(): Promise<void> {
    const port = await attachPort(ID, this.found, this.bench.context);
    await port.detach();
  }

  inPorts(...args: readonly string[]): Promise<string> {
    return runCommand('ip', ['-n', this.bench.portNamespace, ...args]);
  }
}

function struck(context: AttachContext, strikes: Strikes): AttachContext {
  return {
    ...context,
    maps: withFaults(context.maps, strikes.maps),
    programs: withFaults(context.programs, strikes.programs),
    namespace: withFaults(context.namespace, strikes.namespace),
    workers: withFaults(context.workers, strikes.workers),
  };
}

/** The same part, but for what strikes when it is asked for certain things. */
function withFaults<T extends object>(part: T, faults: Faults<T> | undefined): T {
  if (faults === undefined) return part;
  const calls = new Map<PropertyKey, number>();
  return new Proxy(part, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      const fault = faults[key as keyof T];
      const call = (calls.get(key) ?? 0) + 1;
      if (fault !== undefined) calls.set(key, call);
      if (typeof value !== 'function') {
        void fault?.(call);
        return value;
      }
      if (fault === undefined) return value.bind(target);
      return (...args: unknown[]) => {
        const struck = fault(call);
        return struck === undefined ? value.apply(target, args) : struck.then(() => value.apply(target, args));
      };
    },
  });
}
