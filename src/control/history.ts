import type { Logger } from '../log.ts';

/** So many lines say what happened lately; the log has the rest. */
const KEPT = 20;

/** Something that happened to the daemon, in one line for its operator. */
export interface HistoryEvent {
  /** ISO 8601. */
  readonly at: string;
  readonly event: string;
}

/** What happened to the daemon: each event is a line of the log, and the last of them are in `status`. */
export class History {
  readonly #log: Logger;
  readonly #events: HistoryEvent[];

  /** @param before what happened to the daemon before this one */
  constructor(log: Logger, before: readonly HistoryEvent[] = []) {
    this.#log = log;
    this.#events = before.slice(-KEPT);
  }

  /** The last events, the oldest first. */
  get events(): readonly HistoryEvent[] {
    return this.#events;
  }

  /** @param event whole in itself: the fields are for machines that read the log */
  note(level: 'info' | 'warn' | 'error', event: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#log[level](fields, event);
    this.#events.push({ at: new Date().toISOString(), event });
    if (this.#events.length > KEPT) this.#events.shift();
  }
}
