import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { call } from './ffi.ts';

/** V8's collector. It is there only in contexts made after the flag was set. */
let collect: (() => void) | undefined;

/** After the work, so that what it ends with is over too. */
const AFTER_MS = 2000;
const FINALIZERS_MS = 200;

/** Namespaces looked at, or ports taken in, after which it is worth it. */
export const WORTH_GIVING_BACK = 50;

/** Connections at once that are a burst when most of them have gone. */
const BURST_CONNECTIONS = 500;
/** Those that are left are at most this part of it. */
const LEFT_MAX = 0.1;
/** Between two times: guests decide when a burst ends, and collecting garbage holds everybody up for a moment. */
const AGAIN_MS = 10_000;

let timer: NodeJS.Timeout | undefined;

/**
 * Collects garbage and gives what is free back to the kernel, soon, and once where it is asked for again before. For the end of a
 * burst of work: a process that then idles for days would keep the memory of its busiest moment, and map the code that only its
 * start ran. Takes some tens of milliseconds.
 */
export function giveBackMemorySoon(): void {
  clearTimeout(timer);
  timer = setTimeout(() => {
    setFlagsFromString('--expose-gc');
    collect ??= runInNewContext('gc') as () => void;
    collect();
    // Buffers that calls of the shim left are freed by finalizers, which run when this turn is over.
    timer = setTimeout(() => {
      collect?.();
      call('ms_memory_trim');
    }, FINALIZERS_MS).unref();
  }, AFTER_MS).unref();
}

/** Gives memory back when a burst of connections is over. */
export class Bursts {
  #most = 0;
  #until = 0;

  /** @param connections that are open now; to be called every now and then */
  seen(connections: number): void {
    this.#most = Math.max(this.#most, connections);
    if (this.#most < BURST_CONNECTIONS || connections > this.#most * LEFT_MAX) return;
    if (performance.now() < this.#until) return;
    this.#until = performance.now() + AGAIN_MS;
    this.#most = connections;
    giveBackMemorySoon();
  }
}
