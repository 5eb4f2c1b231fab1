/**
 * The daemon's life, top to bottom: make sure it may start, build what all ports share, start the worker,
 * keep ports and routers in step until a signal comes, and give everything back.
 */
import type { Config } from '../config/config.ts';
import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { AdminServer } from '../unix/admin-server.ts';
import { adminRoutes } from './admin.ts';
import { adminActions } from './admin-actions.ts';
import { drain } from './drain.ts';
import { Heartbeat } from './heartbeat.ts';
import { History } from './history.ts';
import { Leftovers } from './leftovers.ts';
import { LiveConfig } from './live-config.ts';
import { holdLock } from './lock.ts';
import { AddressMoves } from './moves.ts';
import { PortNamespace } from './port-namespace.ts';
import { checkPrivileges, createMaps, preparePrograms } from './preflight.ts';
import { Reconciler } from './reconcile.ts';
import { RequestRates } from './request-rates.ts';
import { SharedSettings } from './shared-settings.ts';
import { Shield } from './shield.ts';
import { stopSignal } from './stop-signal.ts';
import { Stopper } from './stopper.ts';
import { Sweeper } from './sweeper.ts';
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
  const leftovers = await Leftovers.clear(config, log);

  const stopper = new Stopper(log);
  const history = new History(log);
  try {
    const maps = stopper.owns(await createMaps(config));
    const programs = stopper.owns(await preparePrograms(maps));
    const namespace = stopper.owns(await PortNamespace.create(config));
    const settings = new SharedSettings(config, maps);
    const rates = stopper.owns(new RequestRates());
    const workers = new Workers({ config: new LiveConfig(config), namespace, rates, history, log });
    const reconciler = new Reconciler({ config, maps, programs, namespace, workers, leftovers, log });
    const ports = () => reconciler.ports;
    const sweeper = stopper.owns(new Sweeper(config, maps, programs, log));
    const shield = new Shield({ config, maps, programs, log, ports });
    const parts = { config, history, maps, workers, reconciler, settings, sweeper, shield };
    stopper.owns(await AdminServer.listen(config.admin.socket, adminRoutes(adminActions(parts))));
    stopper.owns(new AddressMoves(maps, (id) => reconciler.port(id), log));
    // Closed the other way round: requests are finished, packets pass at once, and then interface by interface is let go.
    stopper.owns(reconciler);
    stopper.owns(shield);
    const heartbeat = stopper.owns(new Heartbeat(config, settings, () => workers.ping()));
    workers.onAlive(() => heartbeat.beat());
    stopper.owns(workers);
    await workers.start();
    log.info({ agent: config.agent.socket, namespace: namespace.path, admin: config.admin.socket }, 'started');
    await reconciler.run(signal);
    log.info({ reason: messageOf(signal.reason) }, 'stopping');
    await drain(reconciler, workers, maps, log);
  } finally {
    await stopper.stop();
  }
  log.info('stopped');
  if (signal.reason instanceof Error) throw signal.reason;
}
