/**
 * Begins in the place of a daemon that runs: everything it has comes from it, and it serves until this one says that it is
 * ready. Whatever fails before that leaves it as it was.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { changesBetween, keepingWhatNeedsRestart } from '../config/changes.ts';
import { configOf } from '../config/config.ts';
import type { LoadedConfig } from '../config/load.ts';
import { MetasteerError, messageOf } from '../errors.ts';
import { macAddressBytes } from '../identity/mac-address.ts';
import { HandOverSocket } from '../kernel/hand-over.ts';
import { isKernelError } from '../kernel/kernel-error.ts';
import { nameHolder } from '../kernel/lock.ts';
import { SHARED_MAPS, SteeringMaps } from '../kernel/maps.ts';
import type { Programs } from '../kernel/programs.ts';
import { RateTable } from '../kernel/rates.ts';
import { askDaemon } from '../unix/admin-request.ts';
import { packageVersion } from '../version.ts';
import { adoptPort } from './adopt.ts';
import { portMessage } from './attach.ts';
import { Drained } from './drained.ts';
import type { Foundation, FoundationContext } from './foundation.ts';
import { type HandOverDocument, type HandOverRequest, OUR_ABI, parseHandOver } from './hand-over-document.ts';
import { History } from './history.ts';
import { Leftovers } from './leftovers.ts';
import { LiveConfig } from './live-config.ts';
import { OperatorValues } from './operator-values.ts';
import type { Port } from './port.ts';
import { PortNamespace } from './port-namespace.ts';
import { checkPrivileges, preparePrograms } from './preflight.ts';
import { RequestRates } from './request-rates.ts';
import { Workers } from './workers.ts';

const BEGIN_MS = 90_000;
const COMMIT_MS = 30_000;
/** The one before takes its name off the lock in the same moment in which it lets go. */
const NAME_TRIES = 20;
const NAME_PAUSE_MS = 50;

/** @throws {MetasteerError} `upgrade-refused`, `daemon-not-running`, `bpf-load-failed`, `worker-…`; nothing has changed then */
export async function takeOver(loaded: LoadedConfig, { stopper, log }: FoundationContext): Promise<Foundation> {
  checkPrivileges();
  const { document, descriptors } = await receive(loaded.config.admin.socket, loaded.config.runDir);
  const at = (place: number) => {
    const fd = descriptors[place];
    if (fd === undefined) throw new MetasteerError('upgrade-refused', `descriptor ${place} did not come`);
    return fd;
  };
  const file = keepingWhatNeedsRestart(loaded.file, document.kept);
  const inForce = { path: loaded.path, file, config: configOf(file) };
  const config = new LiveConfig(inForce.config);
  const history = new History(log, document.events);
  const namespace = PortNamespace.adopt(inForce.config, at(document.namespaceAt));
  const rates = new RequestRates(document.ratesAt === -1 ? undefined : RateTable.adopt(at(document.ratesAt)));
  const mapFds = Array.from({ length: SHARED_MAPS }, (_, index) => at(document.mapsAt + index));
  const maps = SteeringMaps.adopt(mapFds, document.kept.ports_max);
  const workers = stopper.owns(new Workers({ config, namespace, rates, history, log }));
  const operator = OperatorValues.of(document.operator);
  const started = workers.start(operator.workers);
  started.catch(() => undefined);
  const programs = await preparePrograms(maps, 'later');
  await started;
  const ports = document.ports.map((described) => adoptPort(described, { maps, namespace, workers, at }));

  // From here on both serve; what is changed is put back by the one before when this one ends.
  programs.activate();
  await replacePrograms(programs, ports, document, inForce.config.steering.onExit === 'hold');
  for (const port of ports) await workers.addPort(portMessage(port.id, port.found), port.listener);

  // The point of no return.
  await askDaemon(loaded.config.admin.socket, {
    method: 'PUT',
    path: '/v1/hand-over/commit',
    body: '{}',
    withinMs: COMMIT_MS,
  });
  await nameLock(at(document.lockAt));
  stopper.owns(namespace);
  stopper.owns(rates);
  stopper.owns(maps);
  stopper.owns(programs);
  history.note('info', `took over from version ${document.version}, with ${ports.length} ports`);
  return {
    ...{ config, history, namespace, rates, maps, programs, workers, ports },
    lock: at(document.lockAt),
    loaded: inForce,
    needsRestart: changesBetween(file, loaded.file).restart,
    leftovers: Leftovers.none(log),
    drained: Drained.of(document.drained),
    operator,
  };
}

interface Received {
  readonly document: HandOverDocument;
  readonly descriptors: readonly number[];
}

/** Asks the daemon that runs for everything it has. */
async function receive(adminSocket: string, runDir: string): Promise<Received> {
  const socket = HandOverSocket.listen(join(runDir, `take-over-${process.pid}.sock`));
  try {
    const request: HandOverRequest = { socket: socket.path, version: packageVersion(), abi: OUR_ABI };
    const body = JSON.stringify(request);
    const text = await askDaemon(adminSocket, { method: 'PUT', path: '/v1/hand-over', body, withinMs: BEGIN_MS });
    const document = parseHandOver(JSON.parse(text));
    // Both sides look: the one before may be older than this check.
    if (document.abi !== OUR_ABI)
      throw new MetasteerError(
        'upgrade-refused',
        `its maps have layout ${document.abi}, this version needs ${OUR_ABI}`,
      );
    return { document, descriptors: socket.receive(document.descriptors) };
  } catch (error) {
    if (error instanceof MetasteerError) throw error;
    throw new MetasteerError('upgrade-refused', `what the running daemon gave is not usable: ${messageOf(error)}`, {
      cause: error,
    });
  } finally {
    socket.close();
  }
}

/** Programs that are attached to interfaces stay where they are the same; others are replaced, each in one step. */
async function replacePrograms(
  programs: Programs,
  ports: readonly Port[],
  { tags: before }: HandOverDocument,
  hold: boolean,
): Promise<void> {
  const now = await programs.tags();
  for (const port of ports) {
    if (now.restore !== before.restore) await port.restore.replace(programs.restore);
    if (now.match === before.match) continue;
    const macs = { routerMac: macAddressBytes(port.found.link.mac), deviceMac: macAddressBytes(port.device.link.mac) };
    const match = await programs.loadMatch({ portId: port.id, ...macs, hold: hold ? 1 : 0 });
    try {
      await port.attachment.replace(match);
    } finally {
      match.close();
    }
  }
}

/** The lock came with its descriptor; this only says for others who has it. */
async function nameLock(fd: number): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      nameHolder(fd, true);
      return;
    } catch (error) {
      if (!isKernelError(error, 'EAGAIN', 'EACCES') || tries === NAME_TRIES) return;
      await sleep(NAME_PAUSE_MS);
    }
  }
}
