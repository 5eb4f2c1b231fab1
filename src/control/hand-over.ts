import { setTimeout as sleep } from 'node:timers/promises';
import { MetasteerError, messageOf } from '../errors.ts';
import { handDescriptorsOver } from '../kernel/hand-over.ts';
import { nameHolder } from '../kernel/lock.ts';
import { type Peer, ProcessHandle, peerOf } from '../kernel/process.ts';
import type { Programs } from '../kernel/programs.ts';
import { packageVersion } from '../version.ts';
import { replacePrograms } from './attached-programs.ts';
import { type DescribedDaemon, describeDaemon } from './describe.ts';
import { type HandOverDocument, type HandOverRequest, OUR_ABI } from './hand-over-document.ts';
import type { LiveConfig } from './live-config.ts';
import type { PortNamespace } from './port-namespace.ts';
import { requestsOf } from './status.ts';
import { clearTakeOverSockets } from './take-over-socket.ts';
import type { Workers } from './workers.ts';

/** Longest time a newcomer may take from getting everything to being ready. */
const NEWCOMER_MS = 60_000;
const LOOK_MS = 250;
/** At one that was killed. */
const LOOKS_MAX = 20;

export interface HandOverContext extends DescribedDaemon {
  readonly config: LiveConfig;
  readonly programs: Programs;
  readonly namespace: PortNamespace;
  readonly lock: number;
  readonly workers: Workers;
  /** Called at the point of no return: lets go of what two daemons cannot have at once, and ends this one. Never fails. */
  readonly release: (to: Peer) => Promise<void>;
}

/** A daemon that takes over: who it is, and a hold of its process. */
interface Newcomer extends Peer {
  readonly process: ProcessHandle;
}

/**
 * Gives everything to another daemon, in two steps: it gets all descriptors and what is known of them, and when it is
 * ready, it says so and this one lets go. Until then this one serves as ever, and goes on when the other fails.
 *
 *     idle ── begin ──▶ offered ── commit ──▶ done
 *       ◀── the newcomer has gone, or took too long ──┘
 */
export class HandOver {
  readonly #context: HandOverContext;
  #newcomer: Newcomer | undefined;
  #takingBack = false;
  #done = false;

  constructor(context: HandOverContext) {
    this.#context = context;
  }

  get isDone(): boolean {
    return this.#done;
  }

  /**
   * @param socketFd on which it asked
   * @throws {MetasteerError} `upgrade-refused`
   */
  async begin(socketFd: number, request: HandOverRequest): Promise<HandOverDocument> {
    const peer = peerOf(socketFd);
    this.#check(peer, request);
    const process = ProcessHandle.ofPeer(socketFd);
    // It could not be watched, nor ended when it is silent.
    if (process === undefined)
      throw new MetasteerError(
        'upgrade-refused',
        'it has ended, or is in a PID namespace that this daemon does not see',
      );
    const newcomer = { ...peer, process };
    this.#newcomer = newcomer;
    try {
      await this.#context.reconciler.pause();
      const document = await this.#send(request.socket);
      void this.#watch(newcomer);
      return document;
    } catch (error) {
      await this.#takeBack(newcomer, false);
      throw error;
    }
  }

  #check({ uid }: Peer, { abi, version }: HandOverRequest): void {
    if (uid !== 0) throw new MetasteerError('upgrade-refused', 'only root may take a daemon over');
    if (this.#newcomer !== undefined || this.#takingBack || this.#done)
      throw new MetasteerError('upgrade-refused', 'another daemon is taking over already');
    if (abi === OUR_ABI) return;
    const what = `the maps of the running version ${packageVersion()} have layout ${OUR_ABI}`;
    throw new MetasteerError('upgrade-refused', `${what}, version ${version} needs ${abi}`);
  }

  /**
   * The newcomer is ready: from here on it is the daemon.
   *
   * @param socketFd on which it says so
   * @throws {MetasteerError} `upgrade-refused`
   */
  async commit(socketFd: number): Promise<void> {
    const { pid, uid } = peerOf(socketFd);
    const newcomer = this.#newcomer;
    // While it lives, its number is nobody else's.
    if (newcomer === undefined || newcomer.pid !== pid || newcomer.uid !== uid || newcomer.process.hasEnded)
      throw new MetasteerError('upgrade-refused', 'it took too long, or never asked for what it wants to take');
    this.#done = true;
    this.#newcomer = undefined;
    newcomer.process.close();
    await this.#context.release({ pid, uid });
    // It has nothing left to follow, and ends.
    this.#context.reconciler.resume();
    nameHolder(this.#context.lock, false);
  }

  async #send(socket: string): Promise<HandOverDocument> {
    const { programs, namespace, lock, workers } = this.#context;
    const descriptors: number[] = [];
    const place = (fd: number) => descriptors.push(fd) - 1;
    const reports = await workers.report();
    const tags = await programs.tags();
    const described = describeDaemon(this.#context, tags, (port) => requestsOf(port, reports), place);
    const document = { ...described, lockAt: place(lock), namespaceAt: place(namespace.fd) };
    handDescriptorsOver(socket, descriptors);
    return { ...document, descriptors: descriptors.length };
  }

  /** Until it is ready, has gone, or takes too long. */
  async #watch(newcomer: Newcomer): Promise<void> {
    const deadline = performance.now() + NEWCOMER_MS;
    while (this.#newcomer === newcomer) {
      const isLate = performance.now() > deadline;
      if (newcomer.process.hasEnded || isLate) {
        this.#context.history.note('warn', `pid ${newcomer.pid} did not take over, this daemon goes on`);
        await this.#takeBack(newcomer, isLate);
        return;
      }
      await sleep(LOOK_MS);
    }
  }

  /**
   * What the newcomer may have changed is put back: the program for packets, and those on interfaces.
   *
   * @param isLate where it may still live. It is ended: whatever it would still do, it would do to what is put back.
   */
  async #takeBack({ process }: Newcomer, isLate: boolean): Promise<void> {
    const { programs, reconciler, history, config } = this.#context;
    // From here on it may not commit, be it on its way already.
    this.#newcomer = undefined;
    this.#takingBack = true;
    try {
      if (isLate) await end(process);
      programs.activate();
      const hold = config.current.steering.onExit === 'hold';
      await replacePrograms(programs, { ports: reconciler.ports, hold }, ({ found }, error) => {
        history.note('error', `${found.link.name} keeps the program of the other version: ${messageOf(error)}`);
      });
    } catch (error) {
      history.note('error', `the program for packets could not be put back: ${messageOf(error)}`);
    } finally {
      process.close();
      clearTakeOverSockets(config.current.runDir);
      this.#takingBack = false;
      reconciler.resume();
    }
  }
}

async function end(process: ProcessHandle): Promise<void> {
  process.signal('SIGKILL');
  for (let looks = 0; !process.hasEnded && looks < LOOKS_MAX; looks += 1) await sleep(LOOK_MS);
}
