import type { GuardLimits } from '../config/config.ts';
import type { AdminActions } from './admin.ts';
import type { DrainOrders } from './drain-orders.ts';
import type { Reloader } from './reload.ts';
import type { SharedSettings } from './shared-settings.ts';
import { type StatusContext, statusDocument } from './status.ts';

export interface ActionsContext extends StatusContext {
  readonly settings: SharedSettings;
  readonly reloader: Reloader;
  readonly orders: DrainOrders;
}

/** What operators may ask of the daemon, done by its parts. */
export function adminActions(context: ActionsContext): AdminActions {
  const { workers, settings, reloader, orders } = context;
  return {
    status: () => statusDocument(context),
    setWorkers: (count) => workers.setCount(count),
    setLimits: (changes: Partial<GuardLimits>) => {
      settings.setLimits({ ...settings.limits, ...changes });
      return settings.limits;
    },
    reload: () => reloader.reload(),
    drain: (target) => orders.drain(target),
    undrain: (target) => orders.undrain(target),
  };
}
