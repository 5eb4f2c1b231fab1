/**
 * The daemon's life, top to bottom: lay the foundation, or take it over from a daemon that runs; build on it; keep ports and
 * routers in step until a signal comes, and give everything back; or hand it over.
 */
import type { LoadedConfig } from '../config/load.ts';
import { messageOf, stackOf } from '../errors.ts';
import type { PortId } from '../identity/port-id.ts';
import type { Logger } from '../log.ts';
import { AdminServer } from '../unix/admin-server.ts';
import { packageVersion } from '../version.ts';
import { adminRoutes } from './admin.ts';
import { adminActions } from './admin-actions.ts';
import { AgentOwners } from './agent-owners.ts';
import { DescriptorStore } from './descriptor-store.ts';
import { drain } from './drain.ts';
import { DrainOrders } from './drain-orders.ts';
import type { Foundation } from './foundation.ts';
import { HandOver } from './hand-over.ts';
import { Heartbeat } from './heartbeat.ts';
import { serveMetrics } from './metrics.ts';
import { PacketReports } from './packet-reports.ts';
import { Reconciler } from './reconcile.ts';
import { Reloader } from './reload.ts';
import { begin } from './resume.ts';
import { ServiceManager } from './service-manager.ts';
import { SharedSettings } from './shared-settings.ts';
import { Shield } from './shield.ts';
import { type StopSignal, stopSignal } from './stop-signal.ts';
import { Stopper } from './stopper.ts';
import { receivedDescriptors } from './stored.ts';
import { Sweeper } from './sweeper.ts';
import { takeOver } from './take-over.ts';
import { Tracing } from './tracing.ts';
import { Traffic } from './traffic.ts';
import { type NewcomerReport, Upgrader } from './upgrade.ts';

/** A daemon that has lived so long has not ended of what it took over from one that died. */
const SETTLED_MS = 5000;

export interface DaemonOptions {
  readonly loaded: LoadedConfig;
  /** Whether a daemon runs, to be taken over from. */
  readonly takeOver: boolean;
  readonly log: Logger;
  /** Called when it serves. */
  readonly serving: (report: NewcomerReport) => void;
}

/**
 * Runs the daemon until SIGTERM or SIGINT, or until another one has taken over. At SIGHUP it reads its configuration again.
 *
 * @throws {MetasteerError} when it cannot start; everything begun has then been undone.
 */
export async function runDaemon(options: DaemonOptions): Promise<void> {
  const { loaded, log } = options;
  const stop = stopSignal(log);
  const manager = new ServiceManager(process.env, log);
  const store = new DescriptorStore(manager, receivedDescriptors(process.env, process.pid));
  const stopper = new Stopper(log);
  try {
    const context = { stopper, log };
    const foundation = await (options.takeOver ? takeOver(loaded, context) : begin(loaded, store, context));
    const { reconciler, handOver, reloader } = await build(foundation, { stop, stopper, manager, store, log });
    manager.ready();
    await store.begin({ ...foundation, reconciler, reloader, log }, foundation.isResumed ? SETTLED_MS : 0);
    options.serving({ pid: process.pid, version: packageVersion(), ports: foundation.ports.length });
    await reconciler.run(stop.signal);
    log.info({ reason: messageOf(stop.signal.reason) }, 'stopping');
    if (handOver.isDone) {
      await foundation.workers.retire();
      // All of it is another daemon's by now.
      stopper.forget();
    } else {
      manager.stopping();
      await store.empty();
      await drain(reconciler, foundation.workers, foundation.maps, log);
    }
  } finally {
    await stopper.stop();
  }
  log.info('stopped');
  if (stop.signal.reason instanceof Error) throw stop.signal.reason;
}

interface BuildContext {
  readonly stop: StopSignal;
  readonly stopper: Stopper;
  readonly manager: ServiceManager;
  readonly store: DescriptorStore;
  readonly log: Logger;
}

/** Everything that works on the foundation, and the socket on which operators ask for it. */
async function build(foundation: Foundation, { stop, stopper, manager, store, log }: BuildContext) {
  const { loaded, config, maps, programs, namespace, workers, history, drained, operator, needsRestart } = foundation;
  const settings = new SharedSettings(config.current, maps, {
    limits: operator.limitsOver(config.current.guard),
    afterSilence: foundation.isResumed,
  });
  const reconciler = new Reconciler({ ...foundation, store, log });
  const sweeper = stopper.owns(new Sweeper(config, maps, programs, log));
  const shield = new Shield({ config, maps, programs, log, ports: () => reconciler.ports });
  const heartbeat = new Heartbeat(config, settings, () => workers.ping());
  const { ownerLabel, ownersMax } = config.current.metrics;
  const traffic = new Traffic(ownerLabel ? ownersMax : 0);
  const parts = { ...foundation, settings, heartbeat, reconciler, sweeper, shield, traffic, store, log };
  const reloader = new Reloader(loaded, parts, needsRestart);
  const agentOwners = stopper.owns(new AgentOwners(config, log));
  const tracing = new Tracing({ maps, programs, workers, reconciler });
  const portOf = (id: PortId) => reconciler.port(id);
  const traced = tracing.packet.bind(tracing);
  const reports = stopper.owns(new PacketReports({ config, maps, programs, portOf, traced, log }));
  let admin: AdminServer | undefined;
  let metrics: Awaited<ReturnType<typeof serveMetrics>>;
  const handOver = new HandOver({
    ...{ ...parts, reloader },
    release: async (to) => {
      history.note('info', `handing over to pid ${to.pid}`);
      const steps: readonly (() => unknown)[] = [
        () => heartbeat.release(),
        () => tracing.end(),
        () => reports.close(),
        () => agentOwners.close(),
        () => admin?.release(),
        () => Promise.all([sweeper.close(), shield.close(), metrics?.close()]),
        // The other one keeps its own, by its own names.
        () => store.empty(),
        () => manager.handedOver(to.pid),
      ];
      // The other one is the daemon from here on: whatever fails, it has to hear so, and this one has to end.
      for (const step of steps) {
        try {
          await step();
        } catch (error) {
          log.error({ error: messageOf(error) }, 'something was not let go');
        }
      }
      stop.now(`pid ${to.pid} has taken over`);
    },
  });
  const orders = new DrainOrders(drained, reconciler, history);
  const upgrader = new Upgrader(history, config.current.runDir);
  const actions = adminActions({ ...parts, reloader, orders, handOver, tracing, upgrader });
  // Closed the other way round: packets pass at once, then interface by interface is let go, and operators may ask till then.
  stopper.owns({ close: () => admin?.close() });
  stopper.owns({ close: () => metrics?.close() });
  stopper.owns(reconciler);
  stopper.owns(shield);
  stopper.owns(heartbeat);
  // What may fail comes when everything that runs by itself is owned.
  metrics = await serveMetrics({ ...parts, reloader }, log);
  admin = await AdminServer.listen(config.current.admin.socket, adminRoutes(actions), (error) => {
    log.error({ error: stackOf(error) }, 'internal error');
  });
  workers.onAlive(() => {
    heartbeat.beat();
    manager.alive();
  });
  heartbeat.beat();
  // What came of it is noted by the reloader.
  stop.onHangUp(() => void reloader.reload().catch(() => undefined));
  log.info(
    { agent: config.current.agent.socket, namespace: namespace.path, admin: config.current.admin.socket },
    'started',
  );
  return { reconciler, handOver, reloader };
}
