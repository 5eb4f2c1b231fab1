/** Ports that change their daemon: in words for the one that hands them over, and anew for the one that takes them. */
import { type MacAddress, parseMacAddress } from '../identity/mac-address.ts';
import { parseOwnerId } from '../identity/owner-id.ts';
import { parsePortId } from '../identity/port-id.ts';
import { Attachment } from '../kernel/attachment.ts';
import type { Link } from '../kernel/links.ts';
import type { SteeringMaps } from '../kernel/maps.ts';
import { PortDevice } from '../kernel/port-device.ts';
import { resolveNowhere } from '../kernel/resolver.ts';
import { PortListener } from '../kernel/sockets.ts';
import { DEVICE_STEPS, netnsNumber, type Undo, undoAll } from './attach.ts';
import type { PortDescription } from './hand-over-document.ts';
import { type FoundInterface, type Port, portKey } from './port.ts';
import type { PortNamespace } from './port-namespace.ts';
import type { Workers } from './workers.ts';

/**
 * @param requests of its clients so far
 * @param place puts a descriptor among those that are handed over, and says at which place
 */
export function describePort(
  port: Port,
  requests: number,
  place: (fd: number, what: 'listener' | 'link') => number,
): PortDescription {
  const { found, attachment } = port;
  return {
    id: port.id,
    ownerKind: port.owner.kind,
    ownerId: port.owner.id,
    namespace: found.namespace,
    netns: found.netns,
    netnsInode: found.netnsInode,
    link: found.link,
    device: port.device.link,
    mtu: port.mtu.now,
    takingOverUntil: port.takingOverUntil,
    match: attachment.description,
    restore: port.restore.description,
    requests,
    listenerAt: place(port.listener.fd, 'listener'),
    linkAt: attachment.linkFd === -1 ? -1 : place(attachment.linkFd, 'link'),
  };
}

export interface AdoptContext {
  readonly maps: SteeringMaps;
  readonly namespace: PortNamespace;
  readonly workers: Workers;
  /** The descriptor at a place. @throws {Error} when there is none */
  readonly at: (place: number) => number;
}

/** The port as if it had been attached here. @throws {Error} when the description makes no sense */
export function adoptPort(described: PortDescription, { maps, namespace, workers, at }: AdoptContext): Port {
  const id = parsePortId(described.id);
  const ownerId = parseOwnerId(described.ownerId);
  if (ownerId === undefined) throw new Error(`${described.ownerId} is no owner's UUID`);
  const where = { namespace: described.namespace, netns: described.netns, netnsInode: described.netnsInode };
  const found = { owner: { kind: described.ownerKind, id: ownerId }, ...where, link: linkOf(described.link) };
  const whole: FoundInterface = { ...found, key: portKey(found) };
  const device = PortDevice.adopt(namespace.reference, linkOf(described.device));
  const listener = PortListener.adopt(at(described.listenerAt));
  const attachment = Attachment.adopt(described.match, described.linkAt === -1 ? -1 : at(described.linkAt));
  const undo: Undo[] = [
    () => device.remove(),
    () => maps.endPort(id),
    () => maps.removeDevice(device.link.ifindex),
    () => listener.close(),
    () => workers.removePort(id),
    () => resolveNowhere(id),
    () => attachment.detach(),
    () => maps.removeInterface(netnsNumber(whole), whole.link.ifindex),
  ];
  return {
    id,
    key: whole.key,
    owner: whole.owner,
    found: whole,
    device,
    listener,
    attachment,
    restore: Attachment.adopt({ ...described.restore, netns: namespace.reference }, -1),
    requestsBefore: described.requests,
    mtu: { now: described.mtu },
    takingOverUntil: described.takingOverUntil,
    detach: () => undoAll(undo),
    letGo: () => undoAll(undo, DEVICE_STEPS),
  };
}

function linkOf(described: PortDescription['link']): Link {
  return { ...described, mac: macOf(described.mac) };
}

function macOf(text: string): MacAddress {
  const mac = parseMacAddress(text);
  if (mac === undefined) throw new Error(`${text} is no MAC address`);
  return mac;
}
