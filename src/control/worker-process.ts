import type { ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { Socket } from 'node:net';
import { MetasteerError, messageOf } from '../errors.ts';
import { type PortId, parsePortId } from '../identity/port-id.ts';
import { closeDescriptor, openDescriptorChannel, type PortListener, sendDescriptor } from '../kernel/sockets.ts';
import type { LogLevel } from '../log.ts';
import type {
  PortMessage,
  ProxySettings,
  ProxyStatus,
  ToWorker,
  TraceFilter,
  WorkerTraceEvent,
} from '../proxy/messages.ts';
import type { User } from '../unix/user.ts';
import { endOf, type LaunchContext, launch, startError } from './launch.ts';
import { Pending } from './pending.ts';
import { type Heard, WorkerChannel } from './worker-channel.ts';
import type { WorkerEnd, WorkerLoss } from './worker-loss.ts';
import { followed, type OutputOptions, WorkerOutput } from './worker-output.ts';

/** Longest wait for a worker to start: Node loads its code, which takes long on a node that is busy booting. */
const START_MS = 30_000;
/** Longest wait for a worker to take a port, or to give its status. */
const ANSWER_MS = 10_000;
/** The descriptor by which a worker knows the stream of messages. */
const MESSAGES = 3;
/** After the worker's own deadline for stopping, before it is killed. */
const STOP_GRACE_MS = 1000;
/** A worker that has not answered so many pings, the first of them so long ago, is stuck: it is ended and replaced. */
const PINGS_MISSED_MAX = 5;
const SILENT_MAX_MS = 10_000;
/** Numbers of pings. */
const PINGS = 2 ** 32;

/** Who hears of a worker. */
export interface WorkerListener {
  /** Called at each sign of life that was asked for. */
  readonly alive: () => void;
  /** Called with what it tells of clients that are traced. */
  readonly traced: (event: WorkerTraceEvent) => void;
}

export type WorkerState = 'starting' | 'running' | 'stopping' | 'gone';

/** One worker: a process without privileges in the metasteer namespace. Owned by a WorkerSlot. */
export class WorkerProcess {
  readonly user: User;
  readonly exited: Promise<WorkerEnd>;
  state: WorkerState = 'starting';
  readonly #child: ChildProcess;
  readonly #channel: number;
  readonly #messages: WorkerChannel;
  readonly #listener: WorkerListener;
  readonly #started = new Pending<'started', void>();
  readonly #ports = new Pending<PortId, void>();
  readonly #drained = new Pending<PortId, number>();
  readonly #statuses = new Pending<number, ProxyStatus>();
  #statusRequests = 0;
  #lastStatus: Promise<ProxyStatus | undefined> | undefined;
  /** As it said with its last sign of life. */
  connections = 0;
  /** Pings without an answer, and when the first of them was sent. */
  #missed = 0;
  #missedSince = 0;
  /** Why it was ended, when it was. */
  #verdict: WorkerEnd | undefined;

  /** @param output where what it writes goes */
  constructor(context: LaunchContext, user: User, listener: WorkerListener, output: Omit<OutputOptions, 'pid'>) {
    this.user = user;
    this.#listener = listener;
    const [ours, theirs] = openDescriptorChannel();
    this.#channel = ours;
    try {
      this.#child = launch(context, user, theirs);
    } catch (error) {
      closeDescriptor(ours);
      throw error;
    } finally {
      closeDescriptor(theirs);
    }
    const exited = new Promise<WorkerEnd>((resolve) => {
      this.#child.once('error', (error) => resolve(this.#ended({ loss: 'exit', how: messageOf(error) }, null)));
      this.#child.once('exit', (code, signal) => resolve(this.#ended(endOf(code, signal), code)));
    });
    const { stdout, stderr } = this.#child;
    const written = followed(new WorkerOutput({ pid: this.pid, ...output }), [stdout, stderr], exited);
    // Its last words come before what is said of its end.
    this.exited = exited.then((end) => written.then(() => end));
    const stream = this.#child.stdio[MESSAGES];
    if (!(stream instanceof Socket)) throw new MetasteerError('worker-failed', 'the worker could not be started');
    this.#messages = new WorkerChannel(
      stream,
      (message) => this.#settle(message),
      (why) => this.kill(why, 'message'),
    );
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** @throws {MetasteerError} `worker-failed` when it ends or stays silent instead. */
  async start(settings: ProxySettings, logLevel: LogLevel): Promise<void> {
    const started = this.#started.wait('started', START_MS, 'the worker did not start');
    this.#send({ type: 'start', settings, logLevel });
    await started;
    this.state = 'running';
  }

  /** Hands a port's listening socket over; resolves when the worker accepts on it. */
  async addPort(port: PortMessage, listener: PortListener): Promise<void> {
    const id = parsePortId(port.portId);
    const listening = this.#ports.wait(id, ANSWER_MS, `the worker did not take port ${id}`);
    try {
      sendDescriptor(this.#channel, listener.fd, id);
      this.#send({ type: 'add-port', port });
    } catch (error) {
      this.#ports.reject(id, new MetasteerError('worker-failed', messageOf(error)));
    }
    await listening;
  }

  /** Lets a port's connections end, within the deadline; resolves to how many had to be cut, or are with the worker's end. */
  async drainPort(portId: PortId, deadlineMs: number): Promise<number> {
    if (this.state === 'gone') return 0;
    const drained = this.#drained.wait(portId, deadlineMs + STOP_GRACE_MS, `the worker did not drain port ${portId}`);
    this.#send({ type: 'drain-port', portId, deadlineMs });
    return drained.catch(() => 0);
  }

  removePort(portId: PortId): void {
    this.#send({ type: 'remove-port', portId });
  }

  /** The worker's account of itself; undefined when it does not give one in time. */
  async status(withinMs: number): Promise<ProxyStatus | undefined> {
    // One that is stuck is asked no more; of one that is busy, who comes now gets what was asked for last.
    if (this.#messages.hasUnansweredStatuses) return this.#lastStatus;
    const request = this.#statusRequests++;
    const status = this.#statuses.wait(request, withinMs, 'no status').catch(() => undefined);
    this.#lastStatus = status;
    this.#send({ type: 'status', request });
    return status;
  }

  /** Asks for a sign of life, and ends a worker that has not given one for long. */
  ping(): void {
    const now = performance.now();
    if (this.#missed === 0) this.#missedSince = now;
    const silentMs = now - this.#missedSince;
    // Counted too, so that a supervisor that was stopped itself does not take its own silence for its worker's.
    if (this.state === 'running' && this.#missed >= PINGS_MISSED_MAX && silentMs >= SILENT_MAX_MS) {
      const what = `it gave no sign of life for ${Math.round(silentMs / 1000)} s (${this.#missed} pings)`;
      this.kill(what, 'silent');
      return;
    }
    this.#missed += 1;
    // Not to be guessed: one that does not read gives no sign of life.
    this.#send({ type: 'ping', ping: randomInt(PINGS) });
  }

  /** Has it tell of what becomes of some clients' requests; of nobody without a filter. */
  trace(filter: TraceFilter | undefined): void {
    this.#send({ type: 'trace', ...(filter === undefined ? {} : { filter }) });
  }

  /**
   * @param how in words, for the log
   * @param loss what is counted, where nobody asked it to end
   */
  kill(how: string, loss: WorkerLoss = 'signal'): void {
    this.#verdict ??= { loss, how };
    this.#child.kill('SIGKILL');
  }

  /** Lets it finish what it answers, within the deadline, and ends it. */
  async stop(deadlineMs: number): Promise<void> {
    await this.#stop(deadlineMs, false);
  }

  /** The same where others accept on its sockets: it takes no more connections from now on. */
  async retire(deadlineMs: number): Promise<void> {
    await this.#stop(deadlineMs, true);
  }

  async #stop(deadlineMs: number, othersServe: boolean): Promise<void> {
    if (this.state === 'gone') return;
    // It has nothing to finish, and does not listen yet.
    if (this.state === 'starting') this.kill('it was not needed any more');
    this.state = 'stopping';
    this.#send({ type: 'stop', deadlineMs, othersServe });
    const kill = setTimeout(() => this.kill('it did not stop in time'), deadlineMs + STOP_GRACE_MS);
    await this.exited;
    clearTimeout(kill);
  }

  #send(message: ToWorker): void {
    this.#messages.send(message);
  }

  #settle(message: Heard): void {
    switch (message.type) {
      case 'started':
        this.#started.resolve('started', undefined);
        break;
      case 'port-listening':
        this.#ports.resolve(parsePortId(message.portId), undefined);
        break;
      case 'port-drained':
        this.#drained.resolve(parsePortId(message.portId), message.cut);
        break;
      case 'port-failed': {
        const error = new MetasteerError('port-listen-failed', message.message);
        this.#ports.reject(parsePortId(message.portId), error);
        break;
      }
      case 'status':
        this.#statuses.resolve(message.request, message.status);
        break;
      case 'pong':
        this.connections = message.connections;
        this.#missed = 0;
        this.#listener.alive();
        break;
      case 'traced':
        this.#listener.traced(message.event);
        break;
      case 'front-breach':
        this.kill(`the memory of its front is wrong (${message.breach})`, 'breach');
        break;
      case 'stopped':
        break;
    }
  }

  #ended(byItself: WorkerEnd, code: number | null): WorkerEnd {
    const end = this.#verdict ?? byItself;
    const error =
      this.state === 'starting'
        ? startError(code, end.how)
        : new MetasteerError('worker-failed', `the worker ended: ${end.how}`);
    this.state = 'gone';
    closeDescriptor(this.#channel);
    this.#messages?.close();
    for (const pending of [this.#started, this.#ports, this.#drained, this.#statuses]) pending.rejectAll(error);
    return end;
  }
}
