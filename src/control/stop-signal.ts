import { stackOf } from '../errors.ts';
import type { Logger } from '../log.ts';

/** When to stop, and what else comes by signals. */
export interface StopSignal {
  readonly signal: AbortSignal;
  /** Stops for another reason than a signal. */
  readonly now: (reason: string) => void;
  /** Sets what is called at SIGHUP. */
  readonly onHangUp: (callback: () => void) => void;
}

/**
 * Aborts at the first SIGTERM or SIGINT, with the signal's name as its reason, or at an error nobody caught, with that. A second one changes nothing:
 * stopping is bounded, and ending half-way would leave devices behind.
 */
export function stopSignal(log: Logger): StopSignal {
  const controller = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => controller.abort(name));
  // What was begun is undone also after a defect of our own; the daemon then ends with an error.
  process.on('uncaughtException', (error) => {
    log.error({ error: stackOf(error) }, 'internal error');
    controller.abort(error);
  });
  let hangUp = () => log.warn('SIGHUP ignored: the configuration is read at start');
  process.on('SIGHUP', () => hangUp());
  return {
    signal: controller.signal,
    now: (reason) => controller.abort(reason),
    onHangUp: (callback) => {
      hangUp = callback;
    },
  };
}
