import type { Logger } from '../log.ts';

/**
 * Aborts at the first SIGTERM or SIGINT, with the signal's name as its reason, or at an error nobody caught, with that. A second one changes nothing:
 * stopping is bounded, and ending half-way would leave devices behind.
 *
 * @param hangUp called at each SIGHUP
 */
export function stopSignal(log: Logger, hangUp?: () => void): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => controller.abort(name));
  // What was begun is undone also after a defect of our own; the daemon then ends with an error.
  process.on('uncaughtException', (error) => {
    log.error({ error: error.stack ?? error.message }, 'internal error');
    controller.abort(error);
  });
  process.on('SIGHUP', hangUp ?? (() => log.warn('SIGHUP ignored: the configuration is read at start')));
  return controller.signal;
}
