import type { PortId } from '../identity/port-id.ts';
import type { FoundInterface, Port, PortKey } from './port.ts';

/** What brings the ports in step with the interfaces. */
export interface Plan {
  readonly detach: readonly Port[];
  readonly attach: readonly FoundInterface[];
}

/**
 * Compares what should be steered with what is.
 *
 * @param gone ports whose device has gone, and so the interface it was made on
 * @param busy keys that are being attached, or whose last attempt failed and whose next is not due
 */
export function plan(
  found: readonly FoundInterface[],
  ports: readonly Port[],
  gone: ReadonlySet<PortId>,
  busy: ReadonlySet<PortKey>,
): Plan {
  const wanted = new Map(found.filter(isActive).map((each) => [each.key, each]));
  const kept = new Set<PortKey>();
  const detach: Port[] = [];
  for (const port of ports) {
    if (wanted.has(port.key) && !gone.has(port.id)) kept.add(port.key);
    else detach.push(port);
  }
  const attach = [...wanted].filter(([key]) => !kept.has(key) && !busy.has(key)).map(([, each]) => each);
  return { detach, attach };
}

/** A backup of an HA router has its interfaces, up even, but no address on them: it must not answer (contract.md 1.5). */
export function isActive({ link }: FoundInterface): boolean {
  return link.isUp && link.hasAddress;
}
