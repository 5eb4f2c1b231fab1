import { MetasteerError, messageOf } from '../errors.ts';
import { type PortId, parsePortId } from '../identity/port-id.ts';
import type { PortListener } from '../kernel/sockets.ts';
import type { PortMessage, ProxyStatus, TraceFilter, WorkerTraceEvent } from '../proxy/messages.ts';
import type { User } from '../unix/user.ts';
import { agentPlace } from './agent-place.ts';
import { isSameUser, socketProblem, type WorkerUser, workerUser } from './agent-socket.ts';
import { WORKER_LOSSES, type WorkerLoss } from './worker-loss.ts';
import type { WorkerProcess, WorkerState } from './worker-process.ts';
import {
  type PortEntry,
  SANDBOX_OFF,
  type SlotOwner,
  type Vacancy,
  WorkerSlot,
  type WorkersContext,
} from './worker-slot.ts';

const STATUS_MS = 1000;
/** Between looks at the agent's socket: it may come, go, or change its owner. */
const SOCKET_LOOK_MS = 1000;
/** Looks in a row at which it is not as the workers were started for, before they are replaced. */
const LOOKS_OTHER = 2;

export interface WorkerReport {
  readonly pid: number;
  readonly user: string;
  readonly state: Exclude<WorkerState, 'gone'>;
  readonly status: ProxyStatus | undefined;
}

/**
 * The workers. Every one serves every port, on the same listening sockets; those stay open here, so that connections
 * wait for another worker when one ends.
 */
export class Workers {
  readonly #context: WorkersContext;
  readonly #ports = new Map<PortId, PortEntry>();
  readonly #slots: WorkerSlot[] = [];
  /** Places given up, whose workers finish what they answer. */
  readonly #leaving = new Set<WorkerSlot>();
  #user: WorkerUser | undefined;
  #problem: MetasteerError | undefined;
  #change: Promise<void> = Promise.resolve();
  #closing = false;
  #socketTimer: NodeJS.Timeout | undefined;
  readonly #lost = Object.fromEntries(WORKER_LOSSES.map((loss) => [loss, 0])) as Record<WorkerLoss, number>;
  #looksOther = 0;
  #alive: () => void = () => undefined;
  #traced: (event: WorkerTraceEvent) => void = () => undefined;

  constructor(context: WorkersContext) {
    this.#context = context;
  }

  /** Asks every worker for a sign of life; one that is stopped or stuck gives none, one that finishes its requests does. */
  ping(): void {
    for (const worker of this.#processes) worker.ping();
  }

  /** Has others serve from now on: every worker ends when it has answered what it has. */
  async retire(): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#socketTimer);
    await Promise.all([...this.#slots, ...this.#leaving].map((slot) => slot.retire()));
  }

  /** How many workers there should be. */
  get wanted(): number {
    return this.#slots.length;
  }

  /** Whether some were started with another configuration than holds now: a change came half way, and could not be undone. */
  get areOutdated(): boolean {
    return this.#slots.some(({ isOutdated }) => isOutdated);
  }

  /** How many ended without being asked to, by why. */
  get lost(): Readonly<Record<WorkerLoss, number>> {
    return this.#lost;
  }

  /** What keeps the workers from the agent's socket, as far as the file system shows; undefined when nothing does. */
  get agentProblem(): MetasteerError | undefined {
    return this.#problem;
  }

  /** What makes workers weaker than they could be, in words. */
  get weaknesses(): readonly string[] {
    const { sandbox } = this.#context.config.current.worker;
    return [...(sandbox ? [] : [SANDBOX_OFF]), ...(this.#user?.weakness === undefined ? [] : [this.#user.weakness])];
  }

  /** Why places have no worker. */
  get vacancies(): readonly Vacancy[] {
    return this.#slots.flatMap(({ vacancy }) => vacancy ?? []);
  }

  /** Sets what is called at each sign of life of a worker. */
  onAlive(callback: () => void): void {
    this.#alive = callback;
  }

  /** Has the workers of the moment tell of what becomes of some clients' requests, until they are told otherwise. */
  trace(filter: TraceFilter | undefined, traced: (event: WorkerTraceEvent) => void = () => undefined): void {
    this.#traced = traced;
    for (const worker of this.#processes) worker.trace(filter);
  }

  /**
   * @param count how many, where it is not for the configuration to say
   * @throws {MetasteerError} `worker-…` when the first worker does not come up.
   */
  async start(count?: number): Promise<void> {
    const { current } = this.#context.config;
    this.#user = workerUser(current.worker, current.agent.socket);
    await this.setCount(count ?? current.workers);
    this.#lookAtSocket(this.#user);
    this.#followSocketLater();
  }

  /** Adds workers, or has the last ones finish what they answer and end. One change is made at a time. */
  setCount(count: number): Promise<void> {
    return this.#inTurn(() => this.#resize(count));
  }

  async #resize(count: number): Promise<void> {
    const user = this.#user;
    if (user === undefined) return;
    const surplus = this.#slots.splice(count);
    while (this.#slots.length < count && !this.#closing) {
      const slot = new WorkerSlot(this.#context, this.#slotOwner());
      this.#slots.push(slot);
      try {
        await slot.start(user);
      } catch (error) {
        this.#slots.splice(this.#slots.indexOf(slot), 1);
        throw error;
      }
    }
    for (const slot of surplus) this.#leave(slot);
  }

  /** Makes a port's connections be answered; resolves when every worker that runs accepts them. */
  async addPort(port: PortMessage, listener: PortListener): Promise<void> {
    const id = parsePortId(port.portId);
    const workers = this.#slots.flatMap((slot) => slot.current ?? []);
    if (workers.length === 0) throw new MetasteerError('worker-failed', 'no worker is running');
    // Before the answers, so that a worker that starts meanwhile gets it too.
    this.#ports.set(id, { port, listener });
    const outcomes = await Promise.allSettled(workers.map((worker) => worker.addPort(port, listener)));
    const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
    if (failures.length < outcomes.length) return;
    this.#ports.delete(id);
    throw failures[0];
  }

  /** Lets a port's connections end, within the deadline; resolves to how many had to be cut. */
  async drainPort(portId: PortId, deadlineMs: number): Promise<number> {
    this.#ports.delete(portId);
    const cut = await Promise.all(this.#processes.map((worker) => worker.drainPort(portId, deadlineMs)));
    return cut.reduce((total, count) => total + count, 0);
  }

  removePort(portId: PortId): void {
    this.#ports.delete(portId);
    for (const worker of this.#processes) worker.removePort(portId);
  }

  /** Puts new workers, with the configuration that holds now, in place of those that run. @throws {MetasteerError} `worker-…` */
  renew(): Promise<void> {
    return this.#inTurn(async () => {
      const { current } = this.#context.config;
      const user = workerUser(current.worker, current.agent.socket);
      await this.#replace(this.#slots, user);
      this.#lookAtSocket(user);
    });
  }

  /**
   * Undoes a change that came half way: with the configuration from before it in force again, so many workers are left, and those
   * that were started with another one are replaced. What cannot be undone is logged; the worker there is then stays.
   */
  putBack(count: number): Promise<void> {
    return this.#inTurn(async () => {
      const { config, log } = this.#context;
      try {
        const user = workerUser(config.current.worker, config.current.agent.socket);
        await this.#resize(count);
        const outdated = this.#slots.filter(({ isOutdated }) => isOutdated);
        await this.#replace(outdated, user);
      } catch (error) {
        log.error({ error: messageOf(error) }, 'some workers run with a configuration that does not hold');
      }
    });
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const change = this.#change.then(work);
    this.#change = change.catch(() => undefined);
    return change;
  }

  /** One place after the other, so that there are never many more processes than workers. */
  async #replace(slots: readonly WorkerSlot[], user: WorkerUser): Promise<void> {
    for (const slot of [...slots]) await slot.replace(user);
    this.#user = user;
  }

  async report(): Promise<readonly WorkerReport[]> {
    return Promise.all(
      this.#processes.map(async (worker) => ({
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
    await Promise.all([...this.#slots, ...this.#leaving].map((slot) => slot.close()));
  }

  get #processes(): readonly WorkerProcess[] {
    return [...this.#slots, ...this.#leaving].flatMap((slot) => slot.processes);
  }

  #leave(slot: WorkerSlot): void {
    this.#leaving.add(slot);
    void slot.retire().finally(() => this.#leaving.delete(slot));
  }

  #slotOwner(): SlotOwner {
    return {
      ports: this.#entries(),
      alive: () => this.#alive(),
      traced: (event) => this.#traced(event),
      lost: (loss) => {
        this.#lost[loss] += 1;
      },
    };
  }

  /** The ports of the moment each time it is gone through. */
  #entries(): Iterable<PortEntry> {
    return { [Symbol.iterator]: () => this.#ports.values() };
  }

  #followSocketLater(): void {
    this.#socketTimer = setTimeout(async () => {
      try {
        await this.#followSocket();
      } catch (error) {
        this.#context.log.error({ error: messageOf(error) }, 'the workers could not be replaced');
      }
      if (!this.#closing) this.#followSocketLater();
    }, SOCKET_LOOK_MS);
  }

  /** Workers are replaced where another user may open the agent's socket, and where its folder is another one by now. */
  async #followSocket(): Promise<void> {
    const { config, history } = this.#context;
    const user = workerUser(config.current.worker, config.current.agent.socket);
    const place = agentPlace(config.current.agent.socket);
    this.#lookAtSocket(user);
    const former = this.#user ?? user;
    const isOther = this.#problem?.code !== 'agent-socket-missing' && !isSameUser(user, former);
    const outside = this.#slots.filter((slot) => !slot.seesAgent(place));
    this.#looksOther = isOther || outside.length > 0 ? this.#looksOther + 1 : 0;
    // An agent that starts makes its socket first and gives it to its group then.
    if (this.#looksOther < LOOKS_OTHER) return;
    this.#looksOther = 0;
    const what = isOther
      ? `the workers' user is ${user.name} from now on, not ${former.name}: replacing them`
      : 'the folder of the agent socket was made anew: replacing the workers';
    history.note('info', what, { from: former.name, to: user.name });
    await this.#inTurn(() => this.#replace(isOther ? this.#slots : outside, isOther ? user : former));
  }

  /** Reports a problem when it appears and when it goes, not at every look. */
  #lookAtSocket(user: User): void {
    const { log, config } = this.#context;
    const { socket } = config.current.agent;
    const problem = socketProblem(socket, user, config.current.worker);
    if (problem !== undefined && problem.message !== this.#problem?.message)
      log.warn({ code: problem.code, action: problem.action }, problem.message);
    if (problem === undefined && this.#problem !== undefined) log.info({ socket }, 'the agent socket can be opened');
    this.#problem = problem;
  }
}
