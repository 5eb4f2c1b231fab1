import { MetasteerError } from '../errors.ts';

interface Waiter<V> {
  readonly resolve: (value: V) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/** Answers that are awaited, by what they answer. Each wait ends: with the answer, an error, or its time. */
export class Pending<K, V> {
  readonly #waiters = new Map<K, Waiter<V>>();

  /** @throws {MetasteerError} `worker-failed` with this message when the time is over. */
  wait(key: K, withinMs: number, message: string): Promise<V> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.reject(key, new MetasteerError('worker-failed', message)), withinMs);
      this.#waiters.set(key, { resolve, reject, timer });
    });
  }

  resolve(key: K, value: V): void {
    this.#take(key)?.resolve(value);
  }

  reject(key: K, error: Error): void {
    this.#take(key)?.reject(error);
  }

  rejectAll(error: Error): void {
    for (const key of [...this.#waiters.keys()]) this.reject(key, error);
  }

  #take(key: K): Waiter<V> | undefined {
    const waiter = this.#waiters.get(key);
    this.#waiters.delete(key);
    clearTimeout(waiter?.timer);
    return waiter;
  }
}
