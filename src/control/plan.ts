import type { FoundInterface } from './discover.ts';
import { type Port, type PortKey, portKey } from './port.ts';

/** What brings the ports in step with the interfaces. */
export interface Plan {
  readonly detach: readonly Port[];
  readonly attach: readonly FoundInterface[];
}

/**
 * Compares what should be steered with what is.
 *
 * @param devices names of the port devices that still exist: a device goes with its router interface
 * @param waiting keys whose last attempt failed and whose next is not due
 */
export function plan(
  found: readonly FoundInterface[],
  ports: readonly Port[],
  devices: ReadonlySet<string>,
  waiting: ReadonlySet<PortKey>,
): Plan {
  const wanted = new Map(found.filter((each) => each.link.isUp).map((each) => [portKey(each), each]));
  const kept = new Set<PortKey>();
  const detach: Port[] = [];
  for (const port of ports) {
    if (wanted.has(port.key) && devices.has(port.device.link.name)) kept.add(port.key);
    else detach.push(port);
  }
  const attach = [...wanted].filter(([key]) => !kept.has(key) && !waiting.has(key)).map(([, each]) => each);
  return { detach, attach };
}
