import type { GuardLimits } from '../config/config.ts';
import type { AdminActions } from './admin.ts';
import type { SharedSettings } from './shared-settings.ts';
import { type StatusContext, statusDocument } from './status.ts';

/** What operators may ask of the daemon, done by its parts. */
export function adminActions(context: StatusContext & { readonly settings: SharedSettings }): AdminActions {
  const { workers, settings } = context;
  return {
    status: () => statusDocument(context),
    setWorkers: (count) => workers.setCount(count),
    setLimits: (changes: Partial<GuardLimits>) => {
      settings.setLimits({ ...settings.limits, ...changes });
      return settings.limits;
    },
  };
}
