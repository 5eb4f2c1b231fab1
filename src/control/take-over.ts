/**
 * Begins in the place of a daemon that runs: everything it has comes from it, and it serves until this one says that it is
 * ready. Whatever fails before that leaves it as it was.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { changesBetween, keepingWhatNeedsRestart } from '../config/changes.ts';
import { configOf } from '../config/config.ts';
import type { LoadedConfig } from '../config/load.ts';
import { MetasteerError, messageOf } from '../errors.ts';
import { HandOverSocket } from '../kernel/hand-over.ts';
import { isKernelError } from '../kernel/kernel-error.ts';
import { nameHolder } from '../kernel/lock.ts';
import { closeDescriptor } from '../kernel/sockets.ts';
import { askDaemon } from '../unix/admin-request.ts';
import { packageVersion } from '../version.ts';
import { parseText } from './document-parts.ts';
import type { Foundation, FoundationContext } from './foundation.ts';
import { type HandOverDocument, type HandOverRequest, OUR_ABI, parseHandOver } from './hand-over-document.ts';
import { Leftovers } from './leftovers.ts';
import { PortNamespace } from './port-namespace.ts';
import { checkPrivileges } from './preflight.ts';
import { RATES_ANEW, withSoundRates } from './request-rates.ts';
import { succeed } from './succeed.ts';
import { takeOverSocket } from './take-over-socket.ts';

const BEGIN_MS = 90_000;
const COMMIT_MS = 30_000;
/** The one before takes its name off the lock in the same moment in which it lets go. */
const NAME_TRIES = 20;
const NAME_PAUSE_MS = 50;

/** @throws {MetasteerError} `upgrade-refused`, `daemon-not-running`, `bpf-load-failed`, `worker-…`; nothing has changed then */
export async function takeOver(loaded: LoadedConfig, { stopper, log }: FoundationContext): Promise<Foundation> {
  checkPrivileges();
  const { document: received, descriptors } = await receive(loaded.config.admin.socket, loaded.config.runDir);
  const at = (place: number) => {
    const fd = descriptors[place];
    if (fd === undefined) throw new MetasteerError('upgrade-refused', `descriptor ${place} did not come`);
    return fd;
  };
  const document = withSoundRates(received, at);
  const file = keepingWhatNeedsRestart(loaded.file, document.kept);
  const inForce = { path: loaded.path, file, config: configOf(file) };
  const namespace = PortNamespace.adopt(inForce.config, at(document.namespaceAt));
  const succession = await succeed({ document, at, namespace, loaded: inForce }, { stopper, log });

  // The point of no return.
  await askDaemon(loaded.config.admin.socket, {
    method: 'PUT',
    path: '/v1/hand-over/commit',
    body: '{}',
    withinMs: COMMIT_MS,
  });
  await nameLock(at(document.lockAt));
  const { rates, maps, ports, history } = succession;
  for (const each of [namespace, rates, maps]) stopper.owns(each);
  if (document.ratesAt !== received.ratesAt) {
    closeDescriptor(at(received.ratesAt));
    history.note('warn', RATES_ANEW);
  }
  history.note('info', `took over from version ${document.version}, with ${ports.length} ports`);
  return {
    ...succession,
    lock: at(document.lockAt),
    needsRestart: changesBetween(file, loaded.file).restart,
    leftovers: Leftovers.none(log),
    isResumed: false,
  };
}

interface Received {
  readonly document: HandOverDocument;
  readonly descriptors: readonly number[];
}

/** Asks the daemon that runs for everything it has. */
async function receive(adminSocket: string, runDir: string): Promise<Received> {
  const socket = HandOverSocket.listen(takeOverSocket(runDir));
  try {
    const request: HandOverRequest = { socket: socket.path, version: packageVersion(), abi: OUR_ABI };
    const body = JSON.stringify(request);
    const text = await askDaemon(adminSocket, { method: 'PUT', path: '/v1/hand-over', body, withinMs: BEGIN_MS });
    const document = parseHandOver(parseText(text));
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
