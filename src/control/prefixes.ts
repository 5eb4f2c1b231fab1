import { messageOf } from '../errors.ts';
import type { SteeringMaps } from '../kernel/maps.ts';
import type { Logger } from '../log.ts';
import type { Changes } from './changes.ts';
import type { Port } from './port.ts';

/** What is on the link of a port changes with the addresses of its interface (design D14). */
export async function followPrefixes(
  ports: readonly Port[],
  changes: Changes,
  { maps, log }: { readonly maps: SteeringMaps; readonly log: Logger },
): Promise<void> {
  for (const { id, found } of ports.filter((port) => changes.all || changes.names.has(port.found.namespace))) {
    await maps.followPrefixes(found.netns, found.link.ifindex, id).catch((error) => {
      log.warn({ port: id, error: messageOf(error) }, 'the prefixes of a port could not follow');
    });
  }
}
