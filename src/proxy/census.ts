import { Histogram } from '../metrics/histogram.ts';
import type { ProxyCounts } from './messages.ts';
import type { Reason } from './refuse.ts';

/** One request as it ended, as far as it is counted. Times on the clock's scale, 0 for never. */
export interface CountedRequest {
  /** 0 when the client got no response. */
  readonly status: number;
  readonly bytes: number;
  /** When its first byte came. */
  readonly startedAt: number;
  /** When it began to wait for the agent. */
  readonly queuedAt: number;
  /** When the agent got it. */
  readonly sentAt: number;
  readonly endedAt: number;
}

/** What a worker counts over all ports, those that are gone too. Its size is bounded by the reasons there are. */
export class Census {
  /** Open client connections. */
  connections = 0;
  /** Client connections so far. */
  accepted = 0;
  #bytes = 0;
  /** By the first digit of the status. */
  readonly #responses = new Map<string, number>();
  readonly #refused = new Map<Reason, number>();
  readonly #total = new Histogram();
  readonly #queue = new Histogram();
  readonly #agent = new Histogram();

  refused(reason: Reason): void {
    add(this.#refused, reason);
  }

  ended({ status, bytes, startedAt, queuedAt, sentAt, endedAt }: CountedRequest): void {
    if (status > 0) add(this.#responses, `${Math.floor(status / 100)}xx`);
    this.#bytes += bytes;
    if (startedAt > 0) this.#total.observe(endedAt - startedAt);
    if (queuedAt > 0) this.#queue.observe((sentAt === 0 ? endedAt : sentAt) - queuedAt);
    if (sentAt > 0) this.#agent.observe(endedAt - sentAt);
  }

  counts(): ProxyCounts {
    return {
      accepted: this.accepted,
      bytes: this.#bytes,
      responses: Object.fromEntries(this.#responses),
      refused: Object.fromEntries(this.#refused),
      total: this.#total.counted,
      queue: this.#queue.counted,
      agent: this.#agent.counted,
    };
  }
}

function add<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
