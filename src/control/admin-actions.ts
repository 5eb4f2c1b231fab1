import type { GuardLimits } from '../config/config.ts';
import { MetasteerError } from '../errors.ts';
import type { AdminActions } from './admin.ts';
import type { DrainOrders } from './drain-orders.ts';
import type { HandOver } from './hand-over.ts';
import type { OperatorValues } from './operator-values.ts';
import { ownerDocument } from './owner-document.ts';
import type { Reloader } from './reload.ts';
import type { SharedSettings } from './shared-settings.ts';
import { type StatusContext, statusDocument } from './status.ts';
import type { Tracing } from './tracing.ts';
import type { Upgrader } from './upgrade.ts';

export interface ActionsContext extends StatusContext {
  readonly settings: SharedSettings;
  readonly reloader: Reloader;
  readonly orders: DrainOrders;
  readonly upgrader: Upgrader;
  readonly handOver: HandOver;
  readonly tracing: Tracing;
  readonly operator: OperatorValues;
}

/** What operators may ask of the daemon, done by its parts. */
export function adminActions(context: ActionsContext): AdminActions {
  const { config, workers, settings, reconciler, reloader, orders, upgrader, handOver, tracing, operator, store } =
    context;
  return {
    status: () => statusDocument(context),
    owner: (id) => ownerDocument(id, config.current, reconciler.known),
    endTrace: () => tracing.end(),
    trace: (request, signal) => tracing.run(request, signal),
    setWorkers: async (count) => {
      await workers.setCount(count);
      operator.workers = count;
      store.changed();
    },
    setLimits: (changes: Partial<GuardLimits>) => {
      operator.addLimits(changes);
      store.changed();
      settings.setLimits({ ...settings.limits, ...changes });
      return settings.limits;
    },
    reload: () => reloader.reload(),
    drain: (target) => orders.drain(target).finally(() => store.changed()),
    undrain: (target) => {
      const report = orders.undrain(target);
      store.changed();
      return report;
    },
    upgrade: async (by, { config = reloader.loaded.path, binary = process.argv[1] ?? '' }) => {
      // It is a program that runs as root.
      if (by.uid !== 0) throw new MetasteerError('upgrade-refused', 'only root may start another version');
      return upgrader.upgrade({ config, binary });
    },
    beginHandOver: (socketFd, request) => handOver.begin(socketFd, request),
    commitHandOver: (socketFd) => handOver.commit(socketFd),
  };
}
