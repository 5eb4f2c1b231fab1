/**
 * The daemon's life, top to bottom: make sure it may start, build what all ports share, start the worker,
 * keep ports and routers in step until a signal comes, and give everything back.
 */
import type { Config } from '../config/config.ts';
import { proxySettings } from '../config/proxy-settings.ts';
import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { AdminServer } from './admin.ts';
import { Heartbeat } from './heartbeat.ts';
import { clearLeftovers } from './leftovers.ts';
import { holdLock } from './lock.ts';
import { PortNamespace } from './port-namespace.ts';
import { checkPrivileges, createMaps, preparePrograms } from './preflight.ts';
import { Reconciler } from './reconcile.ts';
import { statusDocument } from './status.ts';
import { stopSignal } from './stop-signal.ts';
import { Stopper } from './stopper.ts';
import { Workers } from './workers.ts';

/**
 * Runs the daemon until SIGTERM or SIGINT.
 *
 * @throws {MetasteerError} when it cannot start; everything begun has then been undone.
 */
export async function runDaemon(config: Config, log: Logger): Promise<void> {
  const signal = stopSignal(log);
  checkPrivileges();
  holdLock(config.runDir);
  await clearLeftovers(config, log);

  const stopper = new Stopper(log);
  try {
    const maps = stopper.owns(await createMaps(config));
    const programs = stopper.owns(await preparePrograms(maps));
    const namespace = stopper.owns(await PortNamespace.create(config));
    const workers = new Workers({ config, settings: proxySettings(config), namespace, log });
    const reconciler = new Reconciler({ config, maps, programs, namespace, workers, log });
    const status = () => statusDocument({ config, maps, workers, reconciler });
    const setWorkers = (count: number) => workers.setCount(count);
    stopper.owns(await AdminServer.listen(config.admin.socket, { status, setWorkers }));
    // Closed the other way round: requests are finished, packets pass at once, and then interface by interface is let go.
    stopper.owns(reconciler);
    const heartbeat = stopper.owns(new Heartbeat(config, maps, () => workers.isAnswering()));
    workers.onRunning(() => heartbeat.beat());
    stopper.owns(workers);
    await workers.start();
    log.info({ agent: config.agent.socket, namespace: namespace.path, admin: config.admin.socket }, 'started');
    await reconciler.run(signal);
    log.info({ reason: messageOf(signal.reason) }, 'stopping');
  } finally {
    await stopper.stop();
  }
  log.info('stopped');
  if (signal.reason instanceof Error) throw signal.reason;
}
