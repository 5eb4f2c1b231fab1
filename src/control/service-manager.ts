import { messageOf } from '../errors.ts';
import { isKernelError } from '../kernel/kernel-error.ts';
import { sendNotification } from '../kernel/notify.ts';
import type { Logger } from '../log.ts';

/** Signs of life come with every heartbeat; more than this tell nobody anything. */
const SIGNS_AT_MOST_EVERY_MS = 1000;

type Send = (socket: string, message: string, descriptor?: number) => void;

/**
 * Whoever started the daemon and wants to hear of it, by the protocol of sd_notify(3); nobody, where there is no NOTIFY_SOCKET.
 * What it hears as a sign of life is a worker's: while none answers, the service counts as hung (WatchdogSec=).
 */
export class ServiceManager {
  readonly #socket: string | undefined;
  readonly #isWatched: boolean;
  readonly #send: Send;
  readonly #log: Logger;
  /** Descriptors it may keep for the next start (FileDescriptorStoreMax=); 0 where it says nothing of a store. */
  readonly storeMax: number;
  #lastSignAt = Number.NEGATIVE_INFINITY;
  #isUnheard = false;

  constructor(environment: NodeJS.ProcessEnv, log: Logger, send: Send = sendNotification) {
    this.#socket = environment['NOTIFY_SOCKET'] || undefined;
    // systemd says so from version 254 on; before that, the unit does.
    const storeMax = /^\d+$/.test(environment['FDSTORE'] ?? '') ? Number(environment['FDSTORE']) : 0;
    this.storeMax = this.#socket === undefined ? 0 : storeMax;
    const { WATCHDOG_USEC: interval, WATCHDOG_PID: pid = String(process.pid) } = environment;
    this.#isWatched = interval !== undefined && pid === String(process.pid);
    this.#log = log;
    this.#send = send;
  }

  /** Workers run, and routers are looked at. */
  ready(): void {
    this.#tell('READY=1');
  }

  /** Another process is the service from here on. */
  handedOver(pid: number): void {
    this.#tell(`MAINPID=${pid}`);
  }

  stopping(): void {
    this.#tell('STOPPING=1');
  }

  /** A worker answers. @param nowMs on any clock that never goes back */
  alive(nowMs: number = performance.now()): void {
    if (!this.#isWatched || nowMs - this.#lastSignAt < SIGNS_AT_MOST_EVERY_MS) return;
    this.#lastSignAt = nowMs;
    this.#tell('WATCHDOG=1');
  }

  /**
   * Has it keep a descriptor for the next start, under a name of its own, until it is given up; false when it did not hear.
   * It does not watch it: what a listening socket is good for is not to be judged by whether it polls as hung up.
   */
  keep(name: string, descriptor: number): boolean {
    return this.#tell(`FDSTORE=1\nFDNAME=${name}\nFDPOLL=0`, descriptor);
  }

  /** Has it close what it keeps under this name; false when it did not hear. */
  giveUp(name: string): boolean {
    return this.#tell(`FDSTOREREMOVE=1\nFDNAME=${name}`);
  }

  #tell(message: string, descriptor = -1): boolean {
    if (this.#socket === undefined) return false;
    try {
      this.#send(this.#socket, message, descriptor);
      this.#isUnheard = false;
      return true;
    } catch (error) {
      // Its socket is full: a thousand ports are told of in a moment, and again soon.
      if (message.startsWith('FDSTORE') && isKernelError(error, 'EAGAIN')) return false;
      if (!this.#isUnheard) this.#log.warn({ error: messageOf(error) }, 'the service manager does not listen');
      this.#isUnheard = true;
      return false;
    }
  }
}
