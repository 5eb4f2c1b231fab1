/** Begins with what the service manager kept of a daemon that died: its ports as they were, with connections that wait. */
import { changesBetween, keepingWhatNeedsRestart } from '../config/changes.ts';
import type { LoadedConfig } from '../config/load.ts';
import { messageOf } from '../errors.ts';
import { parseMacAddress } from '../identity/mac-address.ts';
import { lookAtNamespace } from '../kernel/links.ts';
import { PortDevice } from '../kernel/port-device.ts';
import type { Logger } from '../log.ts';
import type { DescriptorStore } from './descriptor-store.ts';
import { type Foundation, type FoundationContext, layFoundation } from './foundation.ts';
import type { HandOverDocument } from './hand-over-document.ts';
import { Leftovers } from './leftovers.ts';
import { holdLock } from './lock.ts';
import { PortNamespace } from './port-namespace.ts';
import { checkPrivileges } from './preflight.ts';
import { RATES_ANEW, withSoundRates } from './request-rates.ts';
import { SharedSettings } from './shared-settings.ts';
import { Stopper } from './stopper.ts';
import { type StoredDocument, storedDocument } from './stored.ts';
import { succeed } from './succeed.ts';
import { clearTakeOverSockets } from './take-over-socket.ts';

/**
 * Lays the foundation, on what was kept where there is something and it fits; else as ever, after everything that was kept is
 * given up.
 *
 * @throws {MetasteerError} as `layFoundation`, and `not-root`, `lock-…`
 */
export async function begin(
  loaded: LoadedConfig,
  store: DescriptorStore,
  context: FoundationContext,
): Promise<Foundation> {
  checkPrivileges();
  const lock = holdLock(loaded.config.runDir);
  clearTakeOverSockets(loaded.config.runDir);
  if (store.received.size === 0) return layFoundation(loaded, context, lock);
  const attempt = new Stopper(context.log);
  try {
    const foundation = await resume(loaded, store, { stopper: attempt, log: context.log });
    const { namespace, rates, maps, programs, workers } = foundation;
    for (const each of [maps, namespace, rates, workers, programs]) context.stopper.owns(each);
    return { ...foundation, lock };
  } catch (error) {
    await attempt.stop();
    await store.discard();
    const foundation = await layFoundation(loaded, context, lock);
    foundation.history.note('warn', `what the service manager kept is not used, all starts anew: ${messageOf(error)}`);
    return foundation;
  }
}

async function resume(
  loaded: LoadedConfig,
  store: DescriptorStore,
  context: FoundationContext,
): Promise<Omit<Foundation, 'lock'>> {
  const stored = storedDocument(store.received);
  store.useUp();
  const { restart } = changesBetween(keepingWhatNeedsRestart(loaded.file, stored.handOver.kept), loaded.file);
  if (restart.length > 0) throw new Error(`the configuration has other values of ${restart.join(', ')}`);
  const namespace = PortNamespace.reopen(loaded.config, stored.namespaceInode);
  try {
    const at = (place: number) => {
      const fd = store.received.get(stored.names[place] ?? '');
      if (fd === undefined) throw new Error(`descriptor ${stored.names[place] ?? place} is missing`);
      return fd;
    };
    const ports = await portsThere(stored, store.received, namespace);
    const document = withSoundRates({ ...stored.handOver, ports }, at);
    store.keepOnly(namesOf(document, stored.names));
    await removeStrayDevices(document, namespace, context.log);
    const succession = await succeed({ document, at, namespace, loaded }, context);
    const { config, maps, programs, history, operator } = succession;
    // They serve from here on, and what follows takes a while where there are many ports.
    const limits = operator.limitsOver(config.current.guard);
    new SharedSettings(config.current, maps, { limits, afterSilence: true }).beat(process.hrtime.bigint());
    // The one before may have died in the middle of a trace, or while it let a port go.
    programs.stopTrace();
    for (const { id } of succession.ports) maps.setDraining(id, 'not');
    const leftovers = await Leftovers.clearBeside(succession.ports, loaded.config, context.log);
    if (document.ratesAt !== stored.handOver.ratesAt) history.note('warn', RATES_ANEW);
    history.note('info', `resumed what the service manager kept of a daemon that died, with ${ports.length} ports`);
    return { ...succession, leftovers, needsRestart: [], isResumed: true };
  } catch (error) {
    namespace.leave();
    throw error;
  }
}

/** Ports of which everything is there; the others are found again as if they were new. */
async function portsThere(
  { handOver, names }: StoredDocument,
  received: ReadonlyMap<string, number>,
  namespace: PortNamespace,
): Promise<HandOverDocument['ports']> {
  const has = (place: number) => received.has(names[place] ?? '');
  const whole = handOver.ports.filter(({ listenerAt, linkAt }) => has(listenerAt) && (linkAt === -1 || has(linkAt)));
  const exist = await Promise.all(
    whole.map(({ device }) => {
      const mac = parseMacAddress(device.mac);
      return mac !== undefined && PortDevice.adopt(namespace.reference, { ...device, mac }).exists();
    }),
  );
  return whole.filter((_, index) => exist[index]);
}

function namesOf({ mapsAt, ratesAt, ports }: HandOverDocument, names: readonly string[]): ReadonlySet<string> {
  const places = [ratesAt, ...ports.flatMap(({ listenerAt, linkAt }) => [listenerAt, linkAt])];
  const maps = names.slice(mapsAt).filter((name) => name.startsWith('map-'));
  return new Set([...maps, ...places.flatMap((place) => names[place] ?? [])]);
}

/** Devices that no port has: of one that was being attached, or whose socket was not kept. Their names are needed. */
async function removeStrayDevices({ ports }: HandOverDocument, namespace: PortNamespace, log: Logger): Promise<void> {
  const known = new Set(ports.map(({ device }) => device.ifindex));
  const { links } = await lookAtNamespace(namespace.reference);
  for (const link of links) {
    if (link.kind !== 'macvlan' || known.has(link.ifindex)) continue;
    log.info({ device: link.name }, 'removing a device that no port has');
    await PortDevice.adopt(namespace.reference, link).remove();
  }
}
