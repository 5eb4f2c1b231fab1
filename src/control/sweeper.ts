import { messageOf } from '../errors.ts';
import type { SweepResult } from '../kernel/layout.gen.ts';
import type { SteeringMaps } from '../kernel/maps.ts';
import type { Programs } from '../kernel/programs.ts';
import type { Logger } from '../log.ts';
import type { LiveConfig } from './live-config.ts';

/** Between the end of a sweep and the next. */
const EVERY_MS = 5000;
/** Longer than the kernel waits for the last packet of a handshake (tcp_synack_retries of the metasteer namespace). */
const UNANSWERED_MS = 10_000;
/** Longer than a worker keeps an idle connection, with its longest wait for the agent before it. */
const SILENT_MS = 120_000;
/** An address whose connections are never forgotten would be a defect of ours; it goes all the same. */
const OPEN_MS = 3_600_000;

/** Has neighbours and flows forgotten that were not used: clients leave without a word. */
export class Sweeper {
  readonly #maps: SteeringMaps;
  readonly #programs: Programs;
  readonly #config: LiveConfig;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;
  #last: SweepResult = { flows: 0, flowsForgotten: 0, neighbours: 0, neighboursForgotten: 0 };
  #running: Promise<void> = Promise.resolve();

  constructor(config: LiveConfig, maps: SteeringMaps, programs: Programs, log: Logger) {
    this.#maps = maps;
    this.#programs = programs;
    this.#config = config;
    this.#log = log;
    this.#later();
  }

  /** What the last sweep found on the whole node. */
  get last(): SweepResult {
    return this.#last;
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#running;
    clearTimeout(this.#timer);
  }

  #later(): void {
    this.#timer = setTimeout(() => {
      this.#running = this.#sweep().then(() => this.#later());
    }, EVERY_MS);
  }

  async #sweep(): Promise<void> {
    const now = process.hrtime.bigint();
    const { neighbourIdleMs } = this.#config.current.steering;
    const since = (ms: number) => {
      const then = now - BigInt(ms) * 1_000_000n;
      return then > 0n ? then : 0n;
    };
    try {
      this.#last = await this.#maps.sweep(this.#programs.forget, {
        flowSinceNs: since(SILENT_MS),
        flowUnansweredSinceNs: since(UNANSWERED_MS),
        neighbourSinceNs: since(neighbourIdleMs),
        neighbourOpenSinceNs: since(Math.max(OPEN_MS, neighbourIdleMs)),
        neighbourUnconfirmedSinceNs: since(UNANSWERED_MS),
      });
    } catch (error) {
      this.#log.error({ error: messageOf(error) }, 'unused neighbours and connections could not be looked for');
    }
  }
}
