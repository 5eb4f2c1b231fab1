import type { Config } from '../config/config.ts';
import { messageOf } from '../errors.ts';
import { type Attachment, clearLeftFilters, countLeftFilters } from '../kernel/attachment.ts';
import type { Logger } from '../log.ts';
import { Inventory } from './inventory.ts';
import { LiveConfig } from './live-config.ts';
import { isActive } from './plan.ts';
import type { FoundInterface, Port, PortKey } from './port.ts';

type AttachedPort = Pick<Port, 'key' | 'attachment'>;

/**
 * What a daemon before this one left: clsact filters on router interfaces, which outlive the process that made them (tcx
 * links do not). Where we are about to attach ourselves they stay until then: under `on_exit: hold` they hold packets
 * back, and those would pass in between.
 */
export class Leftovers {
  readonly #keys = new Set<PortKey>();
  readonly #log: Logger;

  private constructor(log: Logger) {
    this.#log = log;
  }

  /** Where the daemon before has handed everything over. */
  static none(log: Logger): Leftovers {
    return new Leftovers(log);
  }

  /** Removes the filters of interfaces that will not be steered. Called with the lock held. */
  static async clear(config: Config, log: Logger): Promise<Leftovers> {
    const leftovers = new Leftovers(log);
    const inventory = new Inventory(new LiveConfig(config));
    await inventory.refresh({ all: true });
    for (const found of inventory.found) {
      if (!isActive(found)) await leftovers.#remove(found);
      else if (await leftovers.#has(found)) leftovers.#keys.add(found.key);
    }
    return leftovers;
  }

  /**
   * Where ports of a daemon that died are steered again: removes every filter on the interfaces of owners but theirs, such as
   * one of a port that was being attached or detached then.
   */
  static async clearBeside(ports: readonly AttachedPort[], config: Config, log: Logger): Promise<Leftovers> {
    const leftovers = new Leftovers(log);
    const inventory = new Inventory(new LiveConfig(config));
    await inventory.refresh({ all: true });
    const attachments = new Map(ports.map(({ key, attachment }) => [key, attachment]));
    for (const found of inventory.found) await leftovers.#remove(found, attachments.get(found.key));
    return leftovers;
  }

  /** Removes what was left on an interface, once it is steered again or cannot be. */
  async settle(found: FoundInterface, attachment: Attachment | undefined): Promise<void> {
    if (this.#keys.delete(found.key)) await this.#remove(found, attachment);
  }

  async #has({ netns, link }: FoundInterface): Promise<boolean> {
    // Where they cannot be counted they may be there.
    return (await countLeftFilters(netns, link.ifindex).catch(() => 1)) > 0;
  }

  async #remove({ namespace, netns, link }: FoundInterface, keep?: Attachment): Promise<void> {
    const where = { namespace, interface: link.name };
    try {
      const removed = await clearLeftFilters(netns, link.ifindex, keep);
      if (removed > 0) this.#log.info({ ...where, removed }, 'removed filters of a daemon before this one');
    } catch (error) {
      this.#log.warn({ ...where, error: messageOf(error) }, 'leftover filters could not be removed');
    }
  }
}
