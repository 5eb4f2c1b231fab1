/**
 * Keeps ports and router interfaces in step: discover, plan, detach, attach, wait, again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import { MetasteerError, messageOf } from '../errors.ts';
import type { PortId } from '../identity/port-id.ts';
import { listLinks } from '../kernel/links.ts';
import type { SteeringMaps } from '../kernel/maps.ts';
import type { Logger } from '../log.ts';
import { attachPort } from './attach.ts';
import { type Discovery, discover, type FoundInterface } from './discover.ts';
import { Failures } from './failures.ts';
import { plan } from './plan.ts';
import { type Port, portKey } from './port.ts';
import type { PortNamespace } from './port-namespace.ts';
import { Slots } from './slots.ts';
import type { Workers } from './workers.ts';

/** Ports that change at once: the threads of the pool that the shim's calls run on. */
const CHANGES_AT_ONCE = 4;

export interface ReconcileContext {
  readonly config: Config;
  readonly maps: SteeringMaps;
  readonly namespace: PortNamespace;
  readonly workers: Workers;
  readonly log: Logger;
}

export class Reconciler {
  readonly failures = new Failures();
  readonly #context: ReconcileContext;
  readonly #ports = new Map<PortId, Port>();
  readonly #slots: Slots;
  #attaching: readonly FoundInterface[] = [];
  #broken = new Map<string, string>();

  constructor(context: ReconcileContext) {
    this.#context = context;
    this.#slots = new Slots(context.config.steering.portsMax);
  }

  get ports(): readonly Port[] {
    return [...this.#ports.values()];
  }

  /** Interfaces that are being attached now. */
  get attaching(): readonly FoundInterface[] {
    return this.#attaching;
  }

  /** Looks and acts, over and over, until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#pass(signal);
      } catch (error) {
        this.#context.log.error(
          { error: messageOf(error) },
          'a pass over the routers failed; the next one tries again',
        );
      }
      await sleep(this.#context.config.discovery.rescanMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Gives every interface back. */
  async close(): Promise<void> {
    await inTurns(this.ports, (port) => this.#detach(port));
  }

  async #pass(signal: AbortSignal): Promise<void> {
    const { config, namespace, workers } = this.#context;
    await workers.followAgentSocket();
    const discovery = await discover(config);
    this.#reportBroken(discovery);
    const devices = new Set((await listLinks(namespace.path)).map((link) => link.name));
    this.failures.keepOnly(new Set(discovery.found.map(portKey)));
    const { detach, attach } = plan(discovery.found, this.ports, devices, this.failures.waiting(Date.now()));
    await inTurns(detach, (port) => this.#detach(port));
    this.#attaching = attach;
    await inTurns(attach, async (found) => {
      if (!signal.aborted) await this.#attach(found);
      this.#attaching = this.#attaching.filter((each) => each !== found);
    });
  }

  async #attach(found: FoundInterface): Promise<void> {
    const { config, log } = this.#context;
    const where = { owner: found.owner.id, namespace: found.namespace, interface: found.link.name };
    const id = this.#slots.take();
    try {
      if (id === undefined) throw new MetasteerError('port-limit', `all ${config.steering.portsMax} ports are in use`);
      if (!found.link.isEthernet)
        throw new MetasteerError('port-interface-unsuitable', `${found.link.name} is not an Ethernet interface`);
      const port = await attachPort(id, found, { ...this.#context, mode: config.steering.attach });
      this.#ports.set(id, port);
      this.failures.forget(port.key);
      log.info({ ...where, port: id, attachment: port.attachment.mode }, 'steering');
    } catch (error) {
      if (id !== undefined) this.#slots.giveBack(id);
      const failure =
        error instanceof MetasteerError ? error : new MetasteerError('port-attach-failed', messageOf(error));
      const retryMs = this.failures.add(portKey(found), found, failure, Date.now());
      log.warn(
        { ...where, code: failure.code, error: failure.message, action: failure.action, retry_ms: retryMs },
        'not steering',
      );
    }
  }

  async #detach(port: Port): Promise<void> {
    const where = {
      owner: port.owner.id,
      namespace: port.found.namespace,
      interface: port.found.link.name,
      port: port.id,
    };
    this.#ports.delete(port.id);
    try {
      await port.detach();
      this.#context.log.info(where, 'no longer steering');
    } catch (error) {
      this.#context.log.warn(
        { ...where, error: messageOf(error) },
        'no longer steering, but not everything could be undone',
      );
    }
    this.#slots.giveBack(port.id);
  }

  /** Once when it breaks and once when it is whole again, not at every look. */
  #reportBroken({ broken }: Discovery): void {
    const now = new Map(broken.map(({ namespace, reason }) => [namespace, reason]));
    for (const [namespace, reason] of now)
      if (!this.#broken.has(namespace))
        this.#context.log.warn({ namespace, error: reason }, 'namespace cannot be read');
    for (const namespace of this.#broken.keys())
      if (!now.has(namespace)) this.#context.log.info({ namespace }, 'namespace can be read again, or has gone');
    this.#broken = now;
  }
}

/** Runs `work` for every item, a few at a time. `work` must not throw. */
async function inTurns<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  const turn = async () => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: CHANGES_AT_ONCE }, turn));
}
