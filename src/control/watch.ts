import { type FSWatcher, watch } from 'node:fs';
import type { Config } from '../config/config.ts';
import { messageOf } from '../errors.ts';
import { type KernelEvent, KernelEvents } from '../kernel/events.ts';
import type { Logger } from '../log.ts';
import type { ChangeQueue } from './changes.ts';
import type { Inventory } from './inventory.ts';

/** A name appears before the namespace is mounted on it, and mounting is no event: look again, ever less often. */
const MOUNT_RETRIES_MS = [2, 5, 10, 20, 50, 100, 200, 500, 1000] as const;

/** What cannot be read for another reason, such as a lack of descriptors, is no event either when it goes away. */
const STILL_BROKEN_MS = 5000;

/** Turns what the kernel says into hints for the next look: names that come and go, links and addresses that change. */
export class Watch {
  readonly #changes: ChangeQueue;
  readonly #inventory: Inventory;
  readonly #events: KernelEvents;
  readonly #names: FSWatcher | undefined;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #retries = new Map<string, number>();

  constructor(config: Config, changes: ChangeQueue, inventory: Inventory, log: Logger) {
    this.#changes = changes;
    this.#inventory = inventory;
    this.#events = new KernelEvents((event) => this.#hear(event));
    this.#names = watchNames(config.netnsDir, (name) => this.#nameChanged(name), log);
  }

  /** Looks again soon at a new name behind which there is no namespace yet; false when that was tried in vain, and it looks on slowly. */
  expectMount(name: string): boolean {
    const retry = this.#retries.get(name) ?? 0;
    const delay = MOUNT_RETRIES_MS[retry];
    if (this.#timers.has(name)) return delay !== undefined;
    if (delay !== undefined) this.#retries.set(name, retry + 1);
    const timer = setTimeout(() => {
      this.#timers.delete(name);
      this.#changes.add(name);
    }, delay ?? STILL_BROKEN_MS);
    this.#timers.set(name, timer);
    return delay !== undefined;
  }

  /** A look has ended. Names that are whole are new again when they break. */
  settle(broken: ReadonlyMap<string, string>): void {
    for (const name of this.#inventory.takeMissed()) this.#changes.add(name);
    for (const name of this.#retries.keys()) if (!broken.has(name)) this.#retries.delete(name);
  }

  close(): void {
    this.#events.close();
    this.#names?.close();
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  #nameChanged(name: string | null): void {
    if (name === null) {
      this.#changes.addAll();
      return;
    }
    this.#retries.delete(name);
    this.#changes.add(name);
  }

  #hear(event: KernelEvent): void {
    if (event.kind === 'lost') {
      this.#changes.addAll();
      return;
    }
    const name = this.#inventory.nameOf(event.namespace);
    if (name !== undefined) this.#changes.add(name);
  }
}

/** Without the watch, the regular look at everything still finds what changed. */
function watchNames(directory: string, listener: (name: string | null) => void, log: Logger): FSWatcher | undefined {
  try {
    const watcher = watch(directory, { persistent: false }, (_, name) => listener(name));
    watcher.on('error', (error) =>
      log.warn({ directory, error: messageOf(error) }, 'namespaces are no longer watched'),
    );
    return watcher;
  } catch (error) {
    log.warn({ directory, error: messageOf(error) }, 'namespaces cannot be watched');
    return undefined;
  }
}
