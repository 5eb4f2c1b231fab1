import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import { proxySettings } from '../config/proxy-settings.ts';
import { MetasteerError, messageOf } from '../errors.ts';
import type { PortListener } from '../kernel/sockets.ts';
import { type Logger, lineWriter } from '../log.ts';
import type { PortMessage } from '../proxy/messages.ts';
import type { User } from '../unix/user.ts';
import { type AgentPlace, agentPlace } from './agent-place.ts';
import { CrashLoop, type Pause } from './crash-loop.ts';
import type { History } from './history.ts';
import type { LiveConfig } from './live-config.ts';
import type { PortNamespace } from './port-namespace.ts';
import type { RequestRates } from './request-rates.ts';
import type { WorkerEnd, WorkerLoss } from './worker-loss.ts';
import { type WorkerListener, WorkerProcess } from './worker-process.ts';

/** Workers of one place that finish their requests at once; one more, and the first of them is ended. */
const STOPPING_MAX = 4;

export interface WorkersContext {
  readonly config: LiveConfig;
  readonly namespace: PortNamespace;
  readonly rates: RequestRates;
  readonly history: History;
  readonly log: Logger;
}

/** For the log and the status. */
export const SANDBOX_OFF =
  'worker.sandbox is off, which is for debugging: a worker that is taken over sees this machine as its user does';

/** A port as every worker gets it. */
export interface PortEntry {
  readonly port: PortMessage;
  readonly listener: PortListener;
}

/** What a slot needs of the pool it is in. */
export interface SlotOwner extends WorkerListener {
  readonly ports: Iterable<PortEntry>;
  /** Called when the worker ended without being asked to. */
  readonly lost: (loss: WorkerLoss) => void;
}

/** Why a place has no worker, and until when. */
export interface Vacancy extends Pause {
  readonly reason: string;
  /** In milliseconds of performance.now. */
  readonly until: number;
}

/** Everything of a configuration that a worker is started with: two that are alike in it need no other worker. */
export function forWorkers(config: Config): string {
  return JSON.stringify([proxySettings(config), config.worker, config.log.level]);
}

/**
 * A place for one worker: the one that runs, and its replacements. While a worker is replaced on purpose there are two;
 * when it ends by itself there is none for a moment, and its place is filled again as `CrashLoop` says.
 */
export class WorkerSlot {
  readonly #context: WorkersContext;
  readonly #owner: SlotOwner;
  readonly #processes = new Set<WorkerProcess>();
  readonly #crashes = new CrashLoop();
  readonly #closing = new AbortController();
  #current: WorkerProcess | undefined;
  #user: User | undefined;
  #vacancy: Vacancy | undefined;
  #startedWith = '';
  #place = '';

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

  /** Why there is no worker; undefined while there is one. */
  get vacancy(): Vacancy | undefined {
    return this.#vacancy;
  }

  /** Whether the worker was started with something else than what holds now. */
  get isOutdated(): boolean {
    return this.#current !== undefined && this.#startedWith !== forWorkers(this.#context.config.current);
  }

  /** Whether the worker sees the folder in which the agent's socket is now. */
  seesAgent({ id }: AgentPlace): boolean {
    return this.#current === undefined || !this.#context.config.current.worker.sandbox || this.#place === id;
  }

  /** Starts a worker with every port there is. @throws {MetasteerError} `worker-failed`; no process is then left */
  async start(user: User): Promise<WorkerProcess> {
    const { config, namespace, rates, log } = this.#context;
    const { runDir, netnsDir, worker: limits } = config.current;
    const { heapBytes, sandbox } = limits;
    const agent = agentPlace(config.current.agent.socket);
    const table = rates.tableFor(config.current);
    const context = { runDir, netnsDir, heapBytes, sandbox, agent, namespace, rates: table };
    const startedWith = forWorkers(config.current);
    const output = { write: lineWriter(log), logsRequests: config.current.log.access === 'all' };
    const worker = new WorkerProcess(context, user, this.#owner, output);
    this.#processes.add(worker);
    const bornAt = performance.now();
    void worker.exited.then((end) => this.#ended(worker, end, performance.now() - bornAt));
    try {
      await this.#prepare(worker, agent);
      if (worker.state !== 'running')
        throw new MetasteerError('worker-failed', 'it ended while it was given its ports');
    } catch (error) {
      worker.kill('it did not start');
      throw error;
    }
    this.#user = user;
    this.#current = worker;
    this.#startedWith = startedWith;
    this.#place = agent.id;
    this.#vacancy = undefined;
    this.#owner.alive();
    log.info({ worker: worker.pid, user: user.name }, 'worker running');
    if (!sandbox) log.warn({ worker: worker.pid }, SANDBOX_OFF);
    return worker;
  }

  async #prepare(worker: WorkerProcess, { seenAs }: AgentPlace): Promise<void> {
    const { config, log } = this.#context;
    const settings = proxySettings(config.current);
    const seen = config.current.worker.sandbox ? seenAs : settings.agent.socket;
    await worker.start({ ...settings, agent: { ...settings.agent, socket: seen } }, config.current.log.level);
    // Goes on with ports that come meanwhile, so that none is missing when the worker is counted in.
    for (const { port, listener } of this.#owner.ports) {
      await worker.addPort(port, listener).catch((error) => {
        log.error({ port: port.portId, error: messageOf(error) }, 'a port could not be given to the new worker');
      });
    }
  }

  /**
   * Puts a new worker in place of the current one, which then takes no more connections and ends when it has answered those
   * it has; not waited for. @throws {MetasteerError} `worker-failed`; the current one then stays
   */
  async replace(user: User): Promise<void> {
    const former = this.#current;
    await this.start(user);
    const [oldest, ...others] = this.processes.filter(({ state }) => state === 'stopping');
    if (others.length + 1 >= STOPPING_MAX) oldest?.kill('others wait to finish their requests');
    void former?.retire(requestsEndMs(this.#context.config));
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.processes.map((worker) => worker.stop(this.#context.config.current.steering.drainMs)));
  }

  /** The same where others serve the ports from now on: there is time for every request to end. */
  async retire(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.processes.map((worker) => worker.retire(requestsEndMs(this.#context.config))));
  }

  async #ended(worker: WorkerProcess, { loss, how }: WorkerEnd, livedMs: number): Promise<void> {
    this.#processes.delete(worker);
    if (this.#closing.signal.aborted || this.#current !== worker) return;
    this.#current = undefined;
    this.#owner.lost(loss);
    const cut = worker.connections === 0 ? '' : `; about ${worker.connections} connections were cut`;
    await this.#refill(`worker ${worker.pid} ended: ${how}${cut}`, livedMs);
  }

  /** Until a worker runs, be it one that was started on purpose meanwhile. */
  async #refill(what: string, livedMs: number): Promise<void> {
    const { history } = this.#context;
    const { signal } = this.#closing;
    for (let reason = what, lived = livedMs; ; lived = 0) {
      const pause = this.#crashes.ended(performance.now(), lived);
      this.#vacancy = { ...pause, reason, until: performance.now() + pause.ms };
      history.note('error', `${reason}; ${nextOne(pause)}`, { held: pause.held, again_in_ms: pause.ms });
      await sleep(pause.ms, undefined, { signal }).catch(() => undefined);
      const user = this.#user;
      if (signal.aborted || this.#current !== undefined || user === undefined) return;
      try {
        const { pid } = await this.start(user);
        if (pause.held) history.note('info', `worker ${pid} runs, after a crash loop`);
        return;
      } catch (error) {
        if (signal.aborted) return;
        reason = `no worker could be started: ${messageOf(error)}`;
      }
    }
  }
}

function nextOne({ ms, held, ends }: Pause): string {
  if (held) return `a crash loop, ${ends} in 10 s: no other for ${ms / 1000} s`;
  return ms === 0 ? 'another starts at once' : `another starts in ${ms} ms`;
}

/** The longest that a request may take: its wait for the agent, the agent's silence, and the client's. */
function requestsEndMs({ current: { agent, metadataHaproxy } }: LiveConfig): number {
  return agent.queueTimeoutMs + metadataHaproxy.timeoutServerMs + metadataHaproxy.timeoutClientMs;
}
