/** What may end a piece of work before it is done. */
export interface Deadline {
  readonly ms: number;
  /** What the work is given as the reason when its time is up. */
  readonly reason: () => Error;
  /** Ends the work too, with its own reason. */
  readonly parent?: AbortSignal;
}

/**
 * Runs work under a time limit. When the limit or `parent` ends it, its signal aborts and the promise rejects at once with the
 * reason, whether or not the work heeds its signal.
 *
 * A timer of our own instead of AbortSignal.timeout: Node 20 can collect the latter as garbage, combined with another signal,
 * before it fires.
 */
export async function withDeadline<T>(
  { ms, reason, parent }: Deadline,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(reason()), ms);
  const stop = () => controller.abort(parent?.reason);
  if (parent?.aborted) stop();
  parent?.addEventListener('abort', stop, { once: true });
  try {
    controller.signal.throwIfAborted();
    return await untilAborted(work(controller.signal), controller.signal);
  } finally {
    clearTimeout(timer);
    parent?.removeEventListener('abort', stop);
  }
}

/** A result that others wait for too, but not longer than until this signal aborts. */
export async function untilAborted<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
  });
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([result, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
