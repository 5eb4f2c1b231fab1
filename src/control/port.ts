import type { Owner } from '../identity/owner-id.ts';
import type { PortId } from '../identity/port-id.ts';
import type { Attachment } from '../kernel/attachment.ts';
import type { PortDevice } from '../kernel/port-device.ts';
import type { PortListener } from '../kernel/sockets.ts';
import type { FoundInterface } from './discover.ts';

/**
 * What makes a port the same port from one look to the next. Anything else under the old name is a new one:
 * a namespace made again, an interface made again, an interface with another MAC or name.
 */
export type PortKey = string;

export function portKey(found: FoundInterface): PortKey {
  return [found.netnsInode, found.namespace, found.link.ifindex, found.link.name, found.link.mac].join('/');
}

/** A steered interface with everything it takes. */
export interface Port {
  readonly id: PortId;
  readonly key: PortKey;
  readonly owner: Owner;
  readonly found: FoundInterface;
  readonly device: PortDevice;
  readonly listener: PortListener;
  readonly attachment: Attachment;
  /** Takes it all down again, in the order that lets no packet through half-way. */
  readonly detach: () => Promise<void>;
}
