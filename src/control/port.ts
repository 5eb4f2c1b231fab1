import type { Owner } from '../identity/owner-id.ts';
import type { PortId } from '../identity/port-id.ts';
import type { Attachment } from '../kernel/attachment.ts';
import type { Link } from '../kernel/links.ts';
import type { PortDevice } from '../kernel/port-device.ts';
import type { PortListener } from '../kernel/sockets.ts';

/** An interface that should be steered, and for whom. */
export interface FoundInterface {
  readonly owner: Owner;
  /** Name of the namespace, as in `ip netns list`. */
  readonly namespace: string;
  /** Path of the namespace. */
  readonly netns: string;
  readonly netnsInode: number;
  readonly link: Link;
  readonly key: PortKey;
}

/**
 * What makes a port the same port from one look to the next. Anything else under the old name is a new one:
 * a namespace made again, an interface made again, an interface with another MAC or name.
 */
export type PortKey = string;

export function portKey(found: Omit<FoundInterface, 'key'>): PortKey {
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
  /** Of `ms_restore` on the device. */
  readonly restore: Attachment;
  /** Requests of its clients that daemons before this one served. */
  readonly requestsBefore: number;
  /** Bytes; what the router interface's was when the device's was last set. */
  readonly mtu: { now: number };
  /** On the clock of `process.hrtime`, in milliseconds: until then connections may be somebody else's (design D11). */
  readonly takingOverUntil: number;
  /** Takes it all down again, in the order that lets no packet through half-way. */
  readonly detach: () => Promise<void>;
  /** The same but for what goes with the daemon: its maps, and the devices, a thousand in the time of one. */
  readonly letGo: () => Promise<void>;
}
