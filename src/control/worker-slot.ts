import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import { MetasteerError, messageOf } from '../errors.ts';
import type { RateTable } from '../kernel/rates.ts';
import type { PortListener } from '../kernel/sockets.ts';
import type { Logger } from '../log.ts';
import type { PortMessage, ProxySettings } from '../proxy/messages.ts';
import type { User } from '../unix/user.ts';
import type { PortNamespace } from './port-namespace.ts';
import { type WorkerListener, WorkerProcess } from './worker-process.ts';

const FIRST_RESPAWN_MS = 100;
const LAST_RESPAWN_MS = 10_000;
/** A worker that lived this long was no part of a crash loop. */
const HEALTHY_AFTER_MS = 30_000;

export interface WorkersContext {
  readonly config: Config;
  readonly settings: ProxySettings;
  readonly namespace: PortNamespace;
  /** Where requests are limited. */
  readonly rates?: RateTable;
  readonly log: Logger;
}

/** A port as every worker gets it. */
export interface PortEntry {
  readonly port: PortMessage;
  readonly listener: PortListener;
}

/** What a slot needs of the pool it is in. */
export interface SlotOwner extends WorkerListener {
  readonly ports: Iterable<PortEntry>;
  /** Called when the worker ended without being asked to. */
  readonly lost: () => void;
}

/**
 * A place for one worker: the one that runs, and its replacements. While a worker is replaced on purpose there are two;
 * when it ends by itself there is none for a moment, and its place is filled again, ever more slowly if that goes on.
 */
export class WorkerSlot {
  readonly #context: WorkersContext;
  readonly #owner: SlotOwner;
  readonly #processes = new Set<WorkerProcess>();
  #current: WorkerProcess | undefined;
  #user: User | undefined;
  #closing = false;
  #respawnMs = FIRST_RESPAWN_MS;

  constructor(context: WorkersContext, owner: SlotOwner) {
    this.#context = context;
    this.#owner = owner;
  }

  /** The worker that answers; undefined between one that ended and its replacement. */
  get current(): WorkerProcess | undefined {
    return this.#current?.state === 'running' ? this.#current : undefined;
  }

  /** All processes of this slot, those that start or stop too. */
  get processes(): readonly WorkerProcess[] {
    return [...this.#processes].filter((worker) => worker.state !== 'gone');
  }

  /** Starts a worker with every port there is. @throws {MetasteerError} `worker-failed`; no process is then left */
  async start(user: User): Promise<void> {
    const worker = new WorkerProcess(this.#context, user, this.#owner);
    this.#processes.add(worker);
    const bornAt = performance.now();
    void worker.exited.then((how) => this.#ended(worker, how, performance.now() - bornAt));
    try {
      await this.#prepare(worker);
      if (worker.state !== 'running')
        throw new MetasteerError('worker-failed', 'it ended while it was given its ports');
    } catch (error) {
      worker.kill();
      throw error;
    }
    this.#user = user;
    this.#current = worker;
    this.#owner.alive();
    this.#context.log.info({ worker: worker.pid, user: user.name }, 'worker running');
  }

  async #prepare(worker: WorkerProcess): Promise<void> {
    const { config, settings, log } = this.#context;
    await worker.start(settings, config.log.level);
    // Goes on with ports that come meanwhile, so that none is missing when the worker is counted in.
    for (const { port, listener } of this.#owner.ports) {
      await worker.addPort(port, listener).catch((error) => {
        log.error({ port: port.portId, error: messageOf(error) }, 'a port could not be given to the new worker');
      });
    }
  }

  /** Puts a worker of another user in place of the current one, which then stops. */
  async replace(user: User): Promise<void> {
    const former = this.#current;
    await this.start(user);
    await former?.stop(this.#context.config.steering.drainMs);
  }

  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all(this.processes.map((worker) => worker.stop(this.#context.config.steering.drainMs)));
  }

  async #ended(worker: WorkerProcess, how: string, livedMs: number): Promise<void> {
    this.#processes.delete(worker);
    if (this.#closing || this.#current !== worker) return;
    this.#current = undefined;
    this.#owner.lost();
    this.#respawnMs = livedMs > HEALTHY_AFTER_MS ? FIRST_RESPAWN_MS : Math.min(this.#respawnMs * 2, LAST_RESPAWN_MS);
    this.#context.log.error({ worker: worker.pid, how, again_in_ms: this.#respawnMs }, 'the worker ended');
    await this.#respawn();
  }

  /** Until one runs, be it one that was started on purpose meanwhile. */
  async #respawn(): Promise<void> {
    while (!this.#closing && this.#current === undefined) {
      await sleep(this.#respawnMs);
      const user = this.#user;
      if (this.#closing || this.#current !== undefined || user === undefined) return;
      try {
        await this.start(user);
      } catch (error) {
        this.#respawnMs = Math.min(this.#respawnMs * 2, LAST_RESPAWN_MS);
        this.#context.log.error(
          { error: messageOf(error), again_in_ms: this.#respawnMs },
          'no worker could be started',
        );
      }
    }
  }
}
