/**
 * Keeps ports and router interfaces in step: hear of a change, look, plan, detach and attach, again.
 */
import { MetasteerError, messageOf } from '../errors.ts';
import type { PortId } from '../identity/port-id.ts';
import type { SteeringMaps } from '../kernel/maps.ts';
import { giveBackMemorySoon } from '../kernel/memory.ts';
import type { Programs } from '../kernel/programs.ts';
import type { Logger } from '../log.ts';
import { attachPort } from './attach.ts';
import { BrokenReport } from './broken-report.ts';
import { ChangeQueue, type Changes } from './changes.ts';
import { Departures } from './departures.ts';
import type { DescriptorStore } from './descriptor-store.ts';
import type { Drained } from './drained.ts';
import { Failures } from './failures.ts';
import { Gate } from './gate.ts';
import { Inventory } from './inventory.ts';
import { Lanes } from './lanes.ts';
import type { Leftovers } from './leftovers.ts';
import type { LiveConfig } from './live-config.ts';
import type { KnownPorts } from './owner-document.ts';
import { plan } from './plan.ts';
import type { FoundInterface, Port, PortKey } from './port.ts';
import type { PortNamespace } from './port-namespace.ts';
import { followPrefixes } from './prefixes.ts';
import { Progress } from './progress.ts';
import { Slots } from './slots.ts';
import { Watch } from './watch.ts';
import type { Workers } from './workers.ts';

/** Ports that change at once: the threads of the pool that the shim's calls run on. */
const CHANGES_AT_ONCE = 4;
/** What a failed look was to look at is not known any more; nothing else may change for minutes. */
const LOOK_RETRY_MS = 1000;

export interface ReconcileContext {
  readonly config: LiveConfig;
  readonly maps: SteeringMaps;
  readonly programs: Programs;
  readonly namespace: PortNamespace;
  readonly workers: Workers;
  readonly leftovers: Leftovers;
  readonly drained: Drained;
  /** Hears of every port that comes and goes. */
  readonly store: Pick<DescriptorStore, 'changed' | 'drop'>;
  /** Ports that are steered already. */
  readonly ports: readonly Port[];
  readonly log: Logger;
}

export class Reconciler {
  readonly failures = new Failures();
  readonly #context: ReconcileContext;
  readonly #inventory: Inventory;
  readonly #changes = new ChangeQueue();
  readonly #lanes = new Lanes(CHANGES_AT_ONCE);
  readonly #slots: Slots;
  readonly #progress: Progress;
  readonly #ports = new Map<PortId, Port>();
  readonly #departures = new Departures((port) => this.#detachInTurn(port));
  readonly #attaching = new Map<PortKey, FoundInterface>();
  readonly #brokenReport: BrokenReport;
  readonly #gate = new Gate();

  constructor(context: ReconcileContext) {
    this.#context = context;
    this.#brokenReport = new BrokenReport(context.log);
    this.#progress = new Progress(context.log, giveBackMemorySoon);
    this.#inventory = new Inventory(context.config);
    this.#slots = new Slots(context.config.current.steering.portsMax);
    for (const port of context.ports) {
      this.#ports.set(port.id, port);
      this.#slots.occupy(port.id);
    }
  }

  get ports(): readonly Port[] {
    return [...this.#ports.values()];
  }

  port(id: PortId): Port | undefined {
    return this.#ports.get(id);
  }

  /** Interfaces that are being attached, or wait for their turn. */
  get attaching(): readonly FoundInterface[] {
    return [...this.#attaching.values()];
  }

  /** Whatever belongs to an owner, by how far it is. */
  get known(): KnownPorts {
    const { ports, attaching, drained, draining, failures } = this;
    return { ports, attaching, failed: failures.found, drained: [...drained, ...draining] };
  }

  /** Interfaces that the configuration wants steered. */
  get found(): readonly FoundInterface[] {
    return this.#inventory.found;
  }

  /** Ports that finish what is open before they are detached. */
  get draining(): readonly Port[] {
    return this.#departures.ports;
  }

  /** Interfaces that are there and are not steered because an operator said so. */
  get drained(): readonly FoundInterface[] {
    const leaving = new Set(this.#departures.keys);
    return this.found.filter((found) => this.#context.drained.has(found) && !leaving.has(found.key));
  }

  /** Namespaces of owners that cannot be read, and why. */
  get broken(): ReadonlyMap<string, string> {
    return this.#inventory.broken;
  }

  /** Follows every change until the signal comes. */
  async run(signal: AbortSignal): Promise<void> {
    const { config, log } = this.#context;
    const watch = new Watch(config.current, this.#changes, this.#inventory, log);
    while (!signal.aborted) {
      try {
        const changes = await this.#changes.next(config.current.discovery.rescanMs, signal);
        await this.#gate.pass();
        if (!signal.aborted) await this.#gate.hold(() => this.#follow(changes, watch));
      } catch (error) {
        log.error({ error: messageOf(error) }, 'a look at the routers failed; the next one tries again');
        this.#changes.addAllAfter(LOOK_RETRY_MS);
      }
    }
    watch.close();
  }

  /** Has every port take no more connections: those that come are left to whoever else there is, or held (`on_exit`). */
  drain(): void {
    const how = this.#context.config.current.steering.onExit === 'hold' ? 'hold' : 'pass';
    for (const { id } of this.ports) this.#context.maps.setDraining(id, how);
  }

  /** Follows what the configuration says now. */
  reconfigure(): void {
    this.#inventory.reconfigure();
    this.#changes.addAll();
  }

  /** Follows no change from here on, until it resumes; resolves when nothing is being changed. */
  async pause(): Promise<void> {
    await this.#gate.close();
    await this.#departures.idle();
    await this.#lanes.idle();
  }

  resume(): void {
    this.#gate.open();
  }

  /** Has everything be looked at again, soon. */
  lookAgain(): void {
    this.#changes.addAll();
  }

  /** Gives every interface back, or leaves it held (`on_exit`). The devices go with the namespace. */
  async close(): Promise<void> {
    this.#changes.close();
    await this.#lanes.stop();
    if (this.#context.config.current.steering.onExit === 'hold') return;
    for (const port of [...this.ports, ...this.#departures.takeAll()])
      this.#lanes.add(() => this.#undo(port, port.letGo));
    await this.#lanes.idle();
  }

  async #follow(changes: Changes, watch: Watch): Promise<void> {
    await this.#inventory.refresh(changes);
    this.#reportBroken(watch);
    const found = this.#inventory.found.filter((each) => !this.#context.drained.has(each));
    const gone = await this.#portsWithoutDevice(changes);
    this.failures.keepOnly(new Set(found.map(({ key }) => key)));
    const busy = new Set([
      ...this.#attaching.keys(),
      ...this.#departures.keys,
      ...this.failures.waiting(performance.now()),
    ]);
    const { detach, attach } = plan(found, this.ports, gone, busy);
    for (const port of detach) {
      const isWanted = this.#inventory.wants(port.found) && !this.#context.drained.has(port.found);
      if (!isWanted && !gone.has(port.id)) {
        void this.letGo(port);
        continue;
      }
      this.#ports.delete(port.id);
      void this.#detachInTurn(port);
    }
    for (const each of attach) {
      this.#attaching.set(each.key, each);
      this.#lanes.add(() => this.#attach(each, attach.length));
    }
    this.#progress.begin(attach.length);
    await this.#followMtus(found);
    await followPrefixes(this.ports, changes, this.#context);
  }

  /**
   * Steers an interface no more that is still there: what is open is finished first. Resolves when it is let go, to the
   * number of connections that had to be cut.
   */
  async letGo(port: Port): Promise<number> {
    const { maps, workers, config } = this.#context;
    this.#ports.delete(port.id);
    this.#context.store.changed();
    const cut = await this.#departures.begin(port, { maps, workers, drainMs: config.current.steering.drainMs });
    this.#changes.add(port.found.namespace);
    return cut;
  }

  #detachInTurn(port: Port): Promise<void> {
    return new Promise((resolve) => this.#lanes.add(() => this.#undo(port, port.detach).then(resolve)));
  }

  /** A raised MTU does not reach the port device by itself. */
  async #followMtus(found: readonly FoundInterface[]): Promise<void> {
    const mtus = new Map(found.map((each) => [each.key, each.link.mtu]));
    for (const port of this.ports) {
      const mtu = mtus.get(port.key);
      if (mtu === undefined || mtu === port.mtu.now) continue;
      port.mtu.now = mtu;
      await port.device.setMtu(mtu).catch((error) => {
        this.#context.log.warn({ port: port.id, mtu, error: messageOf(error) }, 'the MTU of a port could not follow');
      });
    }
  }

  /** A device goes with its router interface, also when another interface looks like that one by now. */
  async #portsWithoutDevice(changes: Changes): Promise<ReadonlySet<PortId>> {
    const suspects = this.ports.filter(({ found }) => changes.all || changes.names.has(found.namespace));
    const gone = new Set<PortId>();
    for (const { id, device } of suspects) if (!(await device.exists())) gone.add(id);
    return gone;
  }

  async #attach(found: FoundInterface, atOnce: number): Promise<void> {
    const { config, log } = this.#context;
    const where = { owner: found.owner.id, namespace: found.namespace, interface: found.link.name };
    const id = this.#slots.take();
    try {
      const { steering } = config.current;
      if (id === undefined) throw new MetasteerError('port-limit', `all ${steering.portsMax} ports are in use`);
      if (!found.link.isEthernet)
        throw new MetasteerError('port-interface-unsuitable', `${found.link.name} is not an Ethernet interface`);
      const port = await attachPort(id, found, { ...this.#context, steering, atOnce });
      this.#ports.set(id, port);
      this.#context.store.changed();
      await this.#context.leftovers.settle(found, port.attachment);
      this.#progress.steered();
      this.failures.forget(port.key);
      log.info({ ...where, port: id, attachment: port.attachment.mode }, 'steering');
    } catch (error) {
      await this.#context.leftovers.settle(found, undefined);
      if (id !== undefined) this.#slots.giveBack(id);
      this.#progress.failed();
      const failure =
        error instanceof MetasteerError ? error : new MetasteerError('port-attach-failed', messageOf(error));
      const retryMs = this.failures.add(found.key, found, failure, performance.now());
      this.#changes.addAfter(found.namespace, retryMs);
      log.warn(
        { ...where, code: failure.code, error: failure.message, action: failure.action, retry_ms: retryMs },
        'not steering',
      );
    } finally {
      this.#attaching.delete(found.key);
      // It may have changed while it was attached: the events of that time named a port that was not there yet.
      this.#changes.add(found.namespace);
    }
  }

  async #undo(port: Port, steps: () => Promise<void>): Promise<void> {
    const { owner, found, id } = port;
    const where = { owner: owner.id, namespace: found.namespace, interface: found.link.name, port: id };
    try {
      this.#context.store.drop(port);
      await steps();
      this.#context.log.info(where, 'no longer steering');
    } catch (error) {
      const told = { ...where, error: messageOf(error) };
      this.#context.log.warn(told, 'no longer steering, but not everything could be undone');
    }
    this.#slots.giveBack(id);
  }

  #reportBroken(watch: Watch): void {
    const { broken } = this.#inventory;
    watch.settle(broken);
    this.#brokenReport.tell(broken, (namespace) => watch.expectMount(namespace));
  }
}
