import { messageOf } from '../errors.ts';
import { sendNotification } from '../kernel/notify.ts';
import type { Logger } from '../log.ts';

/** Signs of life come with every heartbeat; more than this tell nobody anything. */
const SIGNS_AT_MOST_EVERY_MS = 1000;

type Send = (socket: string, message: string) => void;

/**
 * Whoever started the daemon and wants to hear of it, by the protocol of sd_notify(3); nobody, where there is no NOTIFY_SOCKET.
 * What it hears as a sign of life is a worker's: while none answers, the service counts as hung (WatchdogSec=).
 */
export class ServiceManager {
  readonly #socket: string | undefined;
  readonly #isWatched: boolean;
  readonly #send: Send;
  readonly #log: Logger;
  #lastSignAt = Number.NEGATIVE_INFINITY;
  #isUnheard = false;

  constructor(environment: NodeJS.ProcessEnv, log: Logger, send: Send = sendNotification) {
    this.#socket = environment['NOTIFY_SOCKET'] || undefined;
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

  #tell(message: string): void {
    if (this.#socket === undefined) return;
    try {
      this.#send(this.#socket, message);
      this.#isUnheard = false;
    } catch (error) {
      if (!this.#isUnheard) this.#log.warn({ error: messageOf(error) }, 'the service manager does not listen');
      this.#isUnheard = true;
    }
  }
}
