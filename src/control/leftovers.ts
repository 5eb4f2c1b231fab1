import type { Config } from '../config/config.ts';
import { messageOf } from '../errors.ts';
import { clearLeftFilters } from '../kernel/attachment.ts';
import type { Logger } from '../log.ts';
import { Inventory } from './inventory.ts';
import { removeLeftNamespace } from './port-namespace.ts';

/**
 * Removes what a killed daemon left: its namespace with the port devices, and clsact filters on router interfaces,
 * which outlive the process that made them (tcx links do not). Called with the lock held, so nobody uses them.
 *
 * @throws {MetasteerError} `namespace-failed` when the old namespace cannot be removed.
 */
export async function clearLeftovers(config: Config, log: Logger): Promise<void> {
  if (await removeLeftNamespace(config))
    log.info({ namespace: config.namespace }, 'removed the namespace of a daemon that was killed');
  const inventory = new Inventory(config);
  await inventory.refresh({ all: true });
  for (const { namespace, netns, link } of inventory.found) {
    try {
      const removed = await clearLeftFilters(netns, link.ifindex);
      if (removed > 0)
        log.info({ namespace, interface: link.name, removed }, 'removed filters of a daemon that was killed');
    } catch (error) {
      log.warn(
        { namespace, interface: link.name, error: messageOf(error) },
        'leftover filters could not be looked for',
      );
    }
  }
}
