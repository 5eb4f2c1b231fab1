import { setTimeout as sleep } from 'node:timers/promises';
import type { SteeringMaps } from '../kernel/maps.ts';
import type { Logger } from '../log.ts';
import type { Port } from './port.ts';
import type { Reconciler } from './reconcile.ts';
import type { Workers } from './workers.ts';

/** For the last packets of connections that are being closed by both sides. */
const LAST_PACKETS_MS = 500;
const POLL_MS = 10;

export interface DrainContext {
  readonly maps: SteeringMaps;
  readonly workers: Workers;
  /** Longest time for requests in progress. */
  readonly drainMs: number;
}

/**
 * The same for one port while the daemon goes on: its new connections go to whoever else there is. Resolves when it can be
 * detached, to the number of connections that had to be cut.
 */
export async function drainPort({ id }: Port, { maps, workers, drainMs }: DrainContext): Promise<number> {
  maps.setDraining(id, 'pass');
  const cut = await workers.drainPort(id, drainMs);
  const deadline = performance.now() + LAST_PACKETS_MS;
  while (maps.port(id).open > 0 && performance.now() < deadline) await sleep(POLL_MS);
  return cut;
}

/**
 * Gives up serving without cutting a connection (design D11): new ones go to whoever else there is, those that are open
 * get their responses and are closed, and their last packets still find us.
 */
export async function drain(reconciler: Reconciler, workers: Workers, maps: SteeringMaps, log: Logger): Promise<void> {
  reconciler.drain();
  await workers.close();
  const deadline = performance.now() + LAST_PACKETS_MS;
  let open = await openConnections(reconciler, maps);
  while (open > 0 && performance.now() < deadline) {
    await sleep(POLL_MS);
    open = await openConnections(reconciler, maps);
  }
  log.info({ connections_left: open }, 'drained');
}

async function openConnections(reconciler: Reconciler, maps: SteeringMaps): Promise<number> {
  const reading = await maps.read();
  return reconciler.ports.reduce((total, { id }) => total + reading.port(id).open, 0);
}
