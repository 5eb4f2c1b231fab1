/**
 * The daemon's life, top to bottom: make sure it may start, build what all ports share, start the worker,
 * keep ports and routers in step until a signal comes, and give everything back.
 */
import type { LoadedConfig } from '../config/load.ts';
import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { AdminServer } from '../unix/admin-server.ts';
import { adminRoutes } from './admin.ts';
import { adminActions } from './admin-actions.ts';
import { drain } from './drain.ts';
import { DrainOrders } from './drain-orders.ts';
import { Drained } from './drained.ts';
import { Heartbeat } from './heartbeat.ts';
import { History } from './history.ts';
import { Leftovers } from './leftovers.ts';
import { LiveConfig } from './live-config.ts';
import { holdLock } from './lock.ts';
import { AddressMoves } from './moves.ts';
import { PortNamespace } from './port-namespace.ts';
import { checkPrivileges, createMaps, preparePrograms } from './preflight.ts';
import { Reconciler } from './reconcile.ts';
import { Reloader } from './reload.ts';
import { RequestRates } from './request-rates.ts';
import { SharedSettings } from './shared-settings.ts';
import { Shield } from './shield.ts';
import { stopSignal } from './stop-signal.ts';
import { Stopper } from './stopper.ts';
import { Sweeper } from './sweeper.ts';
import { Workers } from './workers.ts';

/**
 * Runs the daemon until SIGTERM or SIGINT. At SIGHUP it reads its configuration again.
 *
 * @throws {MetasteerError} when it cannot start; everything begun has then been undone.
 */
export async function runDaemon(loaded: LoadedConfig, log: Logger): Promise<void> {
  let hangUp = () => log.warn('SIGHUP ignored: the configuration is being read');
  const signal = stopSignal(log, () => hangUp());
  checkPrivileges();
  holdLock(loaded.config.runDir);
  const config = new LiveConfig(loaded.config);
  const leftovers = await Leftovers.clear(config.current, log);

  const stopper = new Stopper(log);
  const history = new History(log);
  try {
    const maps = stopper.owns(await createMaps(config.current));
    const programs = stopper.owns(await preparePrograms(maps));
    const namespace = stopper.owns(await PortNamespace.create(config.current));
    const settings = new SharedSettings(config.current, maps);
    const rates = stopper.owns(new RequestRates());
    const workers = new Workers({ config, namespace, rates, history, log });
    const drained = new Drained();
    const reconciler = new Reconciler({ config, maps, programs, namespace, workers, leftovers, drained, log });
    const ports = () => reconciler.ports;
    const sweeper = stopper.owns(new Sweeper(config, maps, programs, log));
    const shield = new Shield({ config, maps, programs, log, ports });
    const heartbeat = new Heartbeat(config, settings, () => workers.ping());
    const reloader = new Reloader(loaded, { config, workers, settings, heartbeat, reconciler, history, log });
    const orders = new DrainOrders(drained, reconciler, history);
    const parts = { config, history, maps, workers, reconciler, reloader, orders, settings, sweeper, shield };
    stopper.owns(await AdminServer.listen(config.current.admin.socket, adminRoutes(adminActions(parts))));
    stopper.owns(new AddressMoves(maps, (id) => reconciler.port(id), log));
    // Closed the other way round: requests are finished, packets pass at once, and then interface by interface is let go.
    stopper.owns(reconciler);
    stopper.owns(shield);
    stopper.owns(heartbeat);
    workers.onAlive(() => heartbeat.beat());
    stopper.owns(workers);
    await workers.start();
    // What came of it is noted by the reloader.
    hangUp = () => void reloader.reload().catch(() => undefined);
    log.info(
      { agent: config.current.agent.socket, namespace: namespace.path, admin: config.current.admin.socket },
      'started',
    );
    await reconciler.run(signal);
    log.info({ reason: messageOf(signal.reason) }, 'stopping');
    await drain(reconciler, workers, maps, log);
  } finally {
    await stopper.stop();
  }
  log.info('stopped');
  if (signal.reason instanceof Error) throw signal.reason;
}
