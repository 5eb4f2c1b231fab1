import type { Config } from '../config/config.ts';
import { MetasteerError, messageOf } from '../errors.ts';
import { macAddressBytes } from '../identity/mac-address.ts';
import type { PortId } from '../identity/port-id.ts';
import { type AttachMode, Attachment, type AttachPoint } from '../kernel/attachment.ts';
import type { SteeringMaps } from '../kernel/maps.ts';
import { PortDevice } from '../kernel/port-device.ts';
import type { SteeringProgram } from '../kernel/program.ts';
import type { Programs } from '../kernel/programs.ts';
import { resolveAt, resolveNowhere } from '../kernel/resolver.ts';
import { PortListener } from '../kernel/sockets.ts';
import type { PortMessage } from '../proxy/messages.ts';
import { explained } from './explain.ts';
import type { FoundInterface, Port } from './port.ts';
import type { PortNamespace } from './port-namespace.ts';
import type { Workers } from './workers.ts';

/** Connections waiting to be accepted, per port: a boot storm's SYNs must not find it full. */
const BACKLOG = 8192;

export interface AttachContext {
  readonly maps: SteeringMaps;
  readonly programs: Programs;
  readonly namespace: PortNamespace;
  readonly workers: Workers;
  readonly steering: Config['steering'];
  /** How many interfaces are attached in the same go. */
  readonly atOnce: number;
}

export type Undo = () => void | Promise<void>;

/** The first steps: the device and the port's slot in the maps, which go with the daemon. */
export const DEVICE_STEPS = 2;

/**
 * Steers one interface: a transaction whose steps are undone, the last first, when one fails.
 *
 * Nothing on the router interface changes before the last step, which is the point of no return: until then
 * packets go where they went before, and after it the port answers.
 *
 * @throws {MetasteerError} `port-…` naming the step; the interface is then as it was.
 */
export async function attachPort(id: PortId, found: FoundInterface, context: AttachContext): Promise<Port> {
  const undo: Undo[] = [];
  try {
    return await build(id, found, context, undo);
  } catch (error) {
    throw await undone(undo, explained(error, found));
  }
}

/** The reason of a failed attempt, whose steps are undone; what cannot be undone is told with it, not in its place. */
async function undone(undo: Undo[], reason: MetasteerError): Promise<MetasteerError> {
  try {
    await undoAll(undo);
    return reason;
  } catch (error) {
    const message = `${reason.message}; and not everything could be undone: ${messageOf(error)}`;
    return new MetasteerError(reason.code, message, { cause: reason });
  }
}

async function build(id: PortId, found: FoundInterface, context: AttachContext, undo: Undo[]): Promise<Port> {
  const { maps, programs, namespace, workers, steering, atOnce } = context;
  const { link, netns } = found;

  const device = await PortDevice.create({ netns, ifindex: link.ifindex }, namespace.reference, `ms${id}`);
  undo.push(() => device.remove());
  const macs = { routerMac: macAddressBytes(link.mac), deviceMac: macAddressBytes(device.link.mac) };
  const takingOverUntilNs = process.hrtime.bigint() + BigInt(steering.takeOverMs) * 1_000_000n;
  await maps.beginPort(id, { ...macs, takingOverUntilNs, netns: netnsNumber(found) });
  undo.push(() => maps.endPort(id));
  const { ifindex } = device.link;
  maps.addDevice(ifindex, id);
  undo.push(() => maps.removeDevice(ifindex));

  // Before the device is up, so that nothing leaves with its own MAC (design D13). As a filter, whatever the router
  // interface gets, and never detached: it lasts as long as the device, so nothing a worker sends leaves unguarded,
  // not even after this process; and a tcx link would hold the kernel's network lock for a grace period per port.
  const onDevice = { netns: namespace.reference, ifindex, hook: 'egress' } as const;
  const restore = await Attachment.attach(programs.restore, onDevice, 'clsact');
  await device.up();

  const listener = await PortListener.open(namespace.reference, device.link.name, BACKLOG);
  undo.push(() => listener.close());
  await workers.addPort(portMessage(id, found), listener);
  undo.push(() => workers.removePort(id));

  await maps.followPrefixes(netns, link.ifindex, id);
  resolveAt(id, netns, link.ifindex);
  undo.push(() => resolveNowhere(id));

  const match = await programs.loadMatch({ portId: id, ...macs, hold: steering.onExit === 'hold' ? 1 : 0 });
  const attachment = await attachMatch(
    match,
    { netns, ifindex: link.ifindex, hook: 'ingress' },
    modeOf(steering, atOnce),
  );
  undo.push(() => attachment.detach());
  // From here on other interfaces of the router may hand over to it, and no more before it is detached.
  maps.addInterface(netnsNumber(found), link.ifindex, id);
  undo.push(() => maps.removeInterface(netnsNumber(found), link.ifindex));
  return {
    id,
    key: found.key,
    owner: found.owner,
    found,
    device,
    listener,
    attachment,
    restore,
    requestsBefore: 0,
    mtu: { now: device.link.mtu },
    takingOverUntil: Number(takingOverUntilNs / 1_000_000n),
    detach: () => undoAll(undo),
    letGo: () => undoAll(undo, DEVICE_STEPS),
  };
}

/**
 * Links take a grace period each with the kernel's network lock held, some 15 ms: for many interfaces at once they would
 * keep it for seconds. Filters take 0.3 ms, but cost an interface its own packets of 0.2 ms (design D12).
 */
const LINKS_AT_ONCE_MAX = 200;

function modeOf({ attach, onExit }: Config['steering'], atOnce: number): AttachMode {
  // What is held back when the daemon ends has to be held by something that stays.
  if (onExit === 'hold') return 'clsact';
  return attach === 'auto' && atOnce > LINKS_AT_ONCE_MAX ? 'clsact' : attach;
}

/** The inode of the router's namespace, as the programs have it. */
export function netnsNumber({ netnsInode }: Pick<FoundInterface, 'netnsInode'>): number {
  return netnsInode >>> 0;
}

/** A port as its workers get it. */
export function portMessage(portId: PortId, { owner, namespace, link }: FoundInterface): PortMessage {
  return { portId, ownerKind: owner.kind, ownerId: owner.id, namespace, interface: link.name };
}

/** An attached program stays loaded without its descriptor; a thousand ports would hold a thousand. */
async function attachMatch(program: SteeringProgram, where: AttachPoint, mode: AttachMode): Promise<Attachment> {
  try {
    return await Attachment.attach(program, where, mode);
  } finally {
    program.close();
  }
}

/** Every step but the first `keep` is undone, even when one of them cannot be; the first failure is reported. */
export async function undoAll(undo: Undo[], keep = 0): Promise<void> {
  const failures: unknown[] = [];
  while (undo.length > keep) {
    try {
      await undo.pop()?.();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
