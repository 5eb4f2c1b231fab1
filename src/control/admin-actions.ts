import type { GuardLimits } from '../config/config.ts';
import type { AdminActions } from './admin.ts';
import { ownerDocument } from './owner-document.ts';
import type { SharedSettings } from './shared-settings.ts';
import { type StatusContext, statusDocument } from './status.ts';
import type { Tracing } from './tracing.ts';

/** What operators may ask of the daemon, done by its parts. */
export function adminActions(
  context: StatusContext & { readonly settings: SharedSettings; readonly tracing: Tracing },
): AdminActions {
  const { config, workers, settings, reconciler, tracing } = context;
  return {
    status: () => statusDocument(context),
    owner: (id) => ownerDocument(id, config, reconciler.known),
    endTrace: () => tracing.end(),
    trace: (request, signal) => tracing.run(request, signal),
    setWorkers: (count) => workers.setCount(count),
    setLimits: (changes: Partial<GuardLimits>) => {
      settings.setLimits({ ...settings.limits, ...changes });
      return settings.limits;
    },
  };
}
