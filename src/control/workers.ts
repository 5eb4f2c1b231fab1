import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import { MetasteerError, messageOf } from '../errors.ts';
import { type PortId, parsePortId } from '../identity/port-id.ts';
import type { PortListener } from '../kernel/sockets.ts';
import type { Logger } from '../log.ts';
import type { PortMessage, ProxySettings, ProxyStatus } from '../proxy/messages.ts';
import { socketProblem, workerUser } from './agent-socket.ts';
import type { PortNamespace } from './port-namespace.ts';
import type { User } from './user.ts';
import { WorkerProcess, type WorkerState } from './worker-process.ts';

/** How long requests that are being answered may still take when a worker is told to stop. */
const STOP_DEADLINE_MS = 3000;
const STATUS_MS = 1000;
/** Between looks at the agent's socket: it may come, go, or change its owner. */
const SOCKET_LOOK_MS = 500;
const FIRST_RESPAWN_MS = 100;
const LAST_RESPAWN_MS = 10_000;
/** A worker that lived this long was no part of a crash loop. */
const HEALTHY_AFTER_MS = 30_000;

export interface WorkersContext {
  readonly config: Config;
  readonly settings: ProxySettings;
  readonly namespace: PortNamespace;
  readonly log: Logger;
}

export interface WorkerReport {
  readonly pid: number;
  readonly user: string;
  readonly state: Exclude<WorkerState, 'gone'>;
  readonly status: ProxyStatus | undefined;
}

interface PortEntry {
  readonly port: PortMessage;
  readonly listener: PortListener;
}

/**
 * The worker and its replacements. Ports' listening sockets stay open here, so that connections wait for the next
 * worker when one ends.
 */
export class Workers {
  readonly #context: WorkersContext;
  readonly #ports = new Map<PortId, PortEntry>();
  readonly #processes = new Set<WorkerProcess>();
  #current: WorkerProcess | undefined;
  #problem: MetasteerError | undefined;
  #closing = false;
  #socketTimer: NodeJS.Timeout | undefined;
  #running: () => void = () => undefined;
  #respawnMs = FIRST_RESPAWN_MS;

  constructor(context: WorkersContext) {
    this.#context = context;
  }

  /** Whether a worker is there to answer: what the heartbeat vouches for. */
  get answer(): boolean {
    return this.#current?.state === 'running';
  }

  /** What keeps the worker from the agent's socket, as far as the file system shows; undefined when nothing does. */
  get agentProblem(): MetasteerError | undefined {
    return this.#problem;
  }

  /** Sets what is called each time a worker has begun to answer. */
  onRunning(callback: () => void): void {
    this.#running = callback;
  }

  /** @throws {MetasteerError} `worker-…` when the first worker does not come up. */
  async start(): Promise<void> {
    const user = workerUser(this.#context.config.worker.user, this.#context.settings.agent.socket);
    await this.#startAs(user);
    this.#lookAtSocket(user);
    this.#followSocketLater();
  }

  /** Makes a port's connections be answered; resolves when they are. */
  async addPort(port: PortMessage, listener: PortListener): Promise<void> {
    const worker = this.#current;
    if (worker?.state !== 'running') throw new MetasteerError('worker-failed', 'no worker is running');
    await worker.addPort(port, listener);
    this.#ports.set(parsePortId(port.portId), { port, listener });
  }

  removePort(portId: PortId): void {
    this.#ports.delete(portId);
    for (const worker of this.#processes) worker.removePort(portId);
  }

  async report(): Promise<readonly WorkerReport[]> {
    const alive = [...this.#processes].filter((worker) => worker.state !== 'gone');
    return Promise.all(
      alive.map(async (worker) => ({
        pid: worker.pid,
        user: worker.user.name,
        status: await worker.status(STATUS_MS),
        state: worker.state as WorkerReport['state'],
      })),
    );
  }

  async close(): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#socketTimer);
    await Promise.all([...this.#processes].map((worker) => worker.stop(STOP_DEADLINE_MS)));
  }

  async #startAs(user: User): Promise<void> {
    const { config, namespace, settings, log } = this.#context;
    const worker = new WorkerProcess(config, namespace, user);
    this.#processes.add(worker);
    const bornAt = Date.now();
    void worker.exited.then((how) => this.#ended(worker, how, Date.now() - bornAt));
    await worker.start(settings, config.log.level);
    for (const { port, listener } of [...this.#ports.values()]) {
      await worker.addPort(port, listener).catch((error) => {
        log.error({ port: port.portId, error: messageOf(error) }, 'a port could not be given to the new worker');
      });
    }
    this.#current = worker;
    this.#running();
    log.info({ worker: worker.pid, user: user.name }, 'worker running');
  }

  async #ended(worker: WorkerProcess, how: string, livedMs: number): Promise<void> {
    this.#processes.delete(worker);
    if (this.#closing || this.#current !== worker) return;
    this.#current = undefined;
    this.#respawnMs = livedMs > HEALTHY_AFTER_MS ? FIRST_RESPAWN_MS : Math.min(this.#respawnMs * 2, LAST_RESPAWN_MS);
    this.#context.log.error({ worker: worker.pid, how, again_in_ms: this.#respawnMs }, 'the worker ended');
    await this.#respawn(worker.user);
  }

  /** Until one runs. Meanwhile no heartbeat is written, so packets pass to whatever else may answer. */
  async #respawn(user: User): Promise<void> {
    while (!this.#closing && this.#current === undefined) {
      await sleep(this.#respawnMs);
      if (this.#closing) return;
      try {
        await this.#startAs(user);
      } catch (error) {
        this.#respawnMs = Math.min(this.#respawnMs * 2, LAST_RESPAWN_MS);
        this.#context.log.error(
          { error: messageOf(error), again_in_ms: this.#respawnMs },
          'no worker could be started',
        );
      }
    }
  }

  #followSocketLater(): void {
    this.#socketTimer = setTimeout(async () => {
      try {
        await this.#followSocket();
      } catch (error) {
        this.#context.log.error({ error: messageOf(error) }, 'the worker could not be replaced');
      }
      if (!this.#closing) this.#followSocketLater();
    }, SOCKET_LOOK_MS);
  }

  /** Where the worker's user follows the socket's owner, it is replaced by one of a new owner's. */
  async #followSocket(): Promise<void> {
    const { config, settings, log } = this.#context;
    const current = this.#current;
    if (current?.state !== 'running') return;
    const user = workerUser(config.worker.user, settings.agent.socket);
    this.#lookAtSocket(user);
    if (user.uid === current.user.uid || this.#problem?.code === 'agent-socket-missing') return;
    log.info({ from: current.user.name, to: user.name }, 'the agent socket has another owner: replacing the worker');
    await this.#startAs(user);
    await current.stop(STOP_DEADLINE_MS);
  }

  /** Reports a problem when it appears and when it goes, not at every look. */
  #lookAtSocket(user: User): void {
    const { log, settings } = this.#context;
    const problem = socketProblem(settings.agent.socket, user);
    if (problem !== undefined && problem.message !== this.#problem?.message)
      log.warn({ code: problem.code, action: problem.action }, problem.message);
    if (problem === undefined && this.#problem !== undefined)
      log.info({ socket: settings.agent.socket }, 'the agent socket can be opened');
    this.#problem = problem;
  }
}
