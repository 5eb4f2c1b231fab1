/**
 * The daemon's life, top to bottom: make sure it may start, build what all ports share, start the worker,
 * keep ports and routers in step until a signal comes, and give everything back.
 */
import type { Config } from '../config/config.ts';
import { proxySettings } from '../config/proxy-settings.ts';
import { messageOf } from '../errors.ts';
import { PacketEvents } from '../kernel/packet-events.ts';
import { RateTable } from '../kernel/rates.ts';
import type { Logger } from '../log.ts';
import { AdminServer } from '../unix/admin-server.ts';
import { adminRoutes } from './admin.ts';
import { adminActions } from './admin-actions.ts';
import { drain } from './drain.ts';
import { Heartbeat } from './heartbeat.ts';
import { Leftovers } from './leftovers.ts';
import { holdLock } from './lock.ts';
import { serveMetrics } from './metrics.ts';
import { AddressMoves } from './moves.ts';
import { PortNamespace } from './port-namespace.ts';
import { checkPrivileges, createMaps, preparePrograms } from './preflight.ts';
import { Reconciler } from './reconcile.ts';
import { ServiceManager } from './service-manager.ts';
import { SharedSettings } from './shared-settings.ts';
import { Shield } from './shield.ts';
import { stopSignal } from './stop-signal.ts';
import { Stopper } from './stopper.ts';
import { Sweeper } from './sweeper.ts';
import { Tracing } from './tracing.ts';
import { Traffic } from './traffic.ts';
import { Workers } from './workers.ts';

/** Clients whose requests are counted at once, where requests are limited: as many as there are neighbours by default. */
const RATE_CLIENTS = 65_536;

/**
 * Runs the daemon until SIGTERM or SIGINT.
 *
 * @throws {MetasteerError} when it cannot start; everything begun has then been undone.
 */
export async function runDaemon(config: Config, log: Logger): Promise<void> {
  const signal = stopSignal(log);
  checkPrivileges();
  holdLock(config.runDir);
  const manager = new ServiceManager(process.env, log);
  const leftovers = await Leftovers.clear(config, log);

  const stopper = new Stopper(log);
  try {
    const maps = stopper.owns(await createMaps(config));
    const programs = stopper.owns(await preparePrograms(maps));
    const namespace = stopper.owns(await PortNamespace.create(config));
    const settings = new SharedSettings(config, maps);
    const rates = config.rateLimiting.enabled ? { rates: stopper.owns(RateTable.create(RATE_CLIENTS)) } : {};
    const workers = new Workers({ config, settings: proxySettings(config), namespace, log, ...rates });
    const reconciler = new Reconciler({ config, maps, programs, namespace, workers, leftovers, log });
    const ports = () => reconciler.ports;
    const sweeper = stopper.owns(new Sweeper(config, maps, programs, log));
    const shield = new Shield({ config, maps, programs, log, ports });
    const traffic = new Traffic(config.metrics.ownerLabel ? config.metrics.ownersMax : 0);
    const parts = { config, maps, workers, reconciler, settings, sweeper, shield, traffic };
    const tracing = new Tracing({ maps, programs, workers, reconciler });
    stopper.owns(await AdminServer.listen(config.admin.socket, adminRoutes(adminActions({ ...parts, tracing }))));
    const metrics = await serveMetrics(parts, log);
    if (metrics !== undefined) stopper.owns(metrics);
    const moves = new AddressMoves((id) => reconciler.port(id), log);
    const listener = { moved: moves.tell.bind(moves), traced: tracing.packet.bind(tracing) };
    stopper.owns(new PacketEvents(maps, listener));
    // Closed the other way round: requests are finished, packets pass at once, and then interface by interface is let go.
    stopper.owns(reconciler);
    stopper.owns(shield);
    const heartbeat = stopper.owns(new Heartbeat(config, settings, () => workers.ping()));
    workers.onAlive(() => {
      heartbeat.beat();
      manager.alive();
    });
    stopper.owns(workers);
    await workers.start();
    log.info({ agent: config.agent.socket, namespace: namespace.path, admin: config.admin.socket }, 'started');
    manager.ready();
    await reconciler.run(signal);
    log.info({ reason: messageOf(signal.reason) }, 'stopping');
    manager.stopping();
    await drain(reconciler, workers, maps, log);
  } finally {
    await stopper.stop();
  }
  log.info('stopped');
  if (signal.reason instanceof Error) throw signal.reason;
}
