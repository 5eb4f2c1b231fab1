import type { Logger } from '../log.ts';

/**
 * Aborts at the first SIGTERM or SIGINT, with the signal's name as its reason. A second one changes nothing:
 * stopping is bounded, and ending half-way would leave devices behind.
 */
export function stopSignal(log: Logger): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => controller.abort(name));
  process.on('SIGHUP', () => log.warn('SIGHUP ignored: the configuration is read at start'));
  return controller.signal;
}
