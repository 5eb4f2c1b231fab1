import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { MetasteerError, messageOf } from '../errors.ts';
import { type PortId, parsePortId } from '../identity/port-id.ts';
import { builtFile, packageRoot } from '../kernel/paths.ts';
import type { RateTable } from '../kernel/rates.ts';
import { closeDescriptor, openDescriptorChannel, type PortListener, sendDescriptor } from '../kernel/sockets.ts';
import { MessageStream } from '../proxy/message-stream.ts';
import type {
  FromWorker,
  PortMessage,
  ProxySettings,
  ProxyStatus,
  ToWorker,
  TraceFilter,
  WorkerTraceEvent,
} from '../proxy/messages.ts';
import type { User } from '../unix/user.ts';
import { Pending } from './pending.ts';
import type { PortNamespace } from './port-namespace.ts';
import { parseFromWorker } from './worker-messages.ts';

/** Longest wait for a worker to start: Node loads its code, which takes long on a node that is busy booting. */
const START_MS = 30_000;
/** Longest wait for a worker to take a port, or to give its status. */
const ANSWER_MS = 10_000;
/** The descriptor by which a worker knows the stream of messages. */
const MESSAGES = 3;
/** After the worker's own deadline for stopping, before it is killed. */
const STOP_GRACE_MS = 1000;

/** Who hears of a worker. */
export interface WorkerListener {
  /** Called at each sign of life that was asked for. */
  readonly alive: () => void;
  /** Called with what it tells of clients that are traced. */
  readonly traced: (event: WorkerTraceEvent) => void;
}

/** What a worker is started with. */
export interface LaunchContext {
  readonly config: Config;
  readonly namespace: PortNamespace;
  readonly rates?: RateTable;
}

export type WorkerState = 'starting' | 'running' | 'stopping' | 'gone';

/** One worker: a process without privileges in the metasteer namespace. Owned by a WorkerSlot. */
export class WorkerProcess {
  readonly user: User;
  readonly exited: Promise<string>;
  state: WorkerState = 'starting';
  readonly #child: ChildProcess;
  readonly #channel: number;
  readonly #messages: MessageStream;
  readonly #listener: WorkerListener;
  readonly #started = new Pending<'started', void>();
  readonly #ports = new Pending<PortId, void>();
  readonly #statuses = new Pending<number, ProxyStatus>();
  #statusRequests = 0;

  constructor(context: LaunchContext, user: User, listener: WorkerListener) {
    this.user = user;
    this.#listener = listener;
    const [ours, theirs] = openDescriptorChannel();
    this.#channel = ours;
    this.#child = launch(context, user, theirs);
    closeDescriptor(theirs);
    this.exited = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(this.#ended(messageOf(error))));
      this.#child.once('exit', (code, signal) => resolve(this.#ended(signal ?? `exit status ${code}`)));
    });
    const stream = this.#child.stdio[MESSAGES];
    if (!(stream instanceof Socket)) throw new MetasteerError('worker-failed', 'the worker could not be started');
    this.#messages = new MessageStream(
      stream,
      (received) => this.#receive(received),
      () => this.kill(),
    );
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** @throws {MetasteerError} `worker-failed` when it ends or stays silent instead. */
  async start(settings: ProxySettings, logLevel: Config['log']['level']): Promise<void> {
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

  removePort(portId: PortId): void {
    this.#send({ type: 'remove-port', portId });
  }

  /** The worker's account of itself; undefined when it does not give one in time. */
  async status(withinMs: number): Promise<ProxyStatus | undefined> {
    const request = this.#statusRequests++;
    const status = this.#statuses.wait(request, withinMs, 'no status');
    this.#send({ type: 'status', request });
    return status.catch(() => undefined);
  }

  /** Asks for a sign of life. */
  ping(): void {
    this.#send({ type: 'ping' });
  }

  /** Has it tell of what becomes of some clients' requests; of nobody without a filter. */
  trace(filter: TraceFilter | undefined): void {
    this.#send({ type: 'trace', ...(filter === undefined ? {} : { filter }) });
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Lets it finish what it answers, within the deadline, and ends it. */
  async stop(deadlineMs: number): Promise<void> {
    if (this.state === 'gone') return;
    this.state = 'stopping';
    this.#send({ type: 'stop', deadlineMs });
    const kill = setTimeout(() => this.kill(), deadlineMs + STOP_GRACE_MS);
    await this.exited;
    clearTimeout(kill);
  }

  #send(message: ToWorker): void {
    this.#messages.send(message);
  }

  #receive(received: unknown): void {
    const message = parseFromWorker(received);
    if (message === undefined) this.kill();
    else this.#settle(message);
  }

  #settle(message: FromWorker): void {
    switch (message.type) {
      case 'started':
        this.#started.resolve('started', undefined);
        break;
      case 'port-listening':
        this.#ports.resolve(parsePortId(message.portId), undefined);
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
        this.#listener.alive();
        break;
      case 'traced':
        this.#listener.traced(message.event);
        break;
      case 'stopped':
        break;
    }
  }

  #ended(how: string): string {
    this.state = 'gone';
    closeDescriptor(this.#channel);
    this.#messages?.close();
    const error = new MetasteerError('worker-failed', `the worker ended: ${how}`);
    for (const pending of [this.#started, this.#ports, this.#statuses]) pending.rejectAll(error);
    return how;
  }
}

/**
 * Starts the launcher, which becomes the worker. The environment is empty: what is in the supervisor's is none of
 * the business of a process that parses tenants' bytes.
 */
function launch({ config, namespace, rates }: LaunchContext, user: User, channel: number): ChildProcess {
  const code = join(config.runDir, 'code');
  mkdirSync(code, { recursive: true, mode: 0o755 });
  const identity = [String(user.uid), String(user.gid), user.groups.join(',')];
  const main = join(code, 'dist/src/cli/main.js');
  const heap = `--max-old-space-size=${Math.floor(config.worker.heapBytes / 1_048_576)}`;
  const node = [process.execPath, heap, main, 'worker'];
  const argv = [...identity, namespace.reference, config.netnsDir, packageRoot, code, ...node];
  return spawn(builtFile('launcher'), argv, {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe', channel, rates?.fd ?? 'ignore'],
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
  });
}
