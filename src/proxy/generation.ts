import type { AgentStatus, ProxySettings } from './messages.ts';

/** So many connections closed early, one after the other, show that an agent taken for keep-alive is not. */
const STRIKES_MAX = 3;

/**
 * Which generation of agent is on the other side (contract.md 2.3), fixed or found out from what it does:
 *
 *     unknown ──closes after its reply──▶ one-shot ◀──closes early, again and again──┐
 *        │                                   │                                      │
 *        └──────stays open after its reply───┴─────────────────────────────▶ keep-alive
 *
 *     any ──nobody listens on the socket, or it is another socket──▶ unknown
 *
 * Requests that only a keep-alive agent reads whole need more than a connection that stays open: `proven`.
 */
export class Generation {
  readonly fixed: boolean;
  #state: AgentStatus['generation'];
  #proven: boolean;
  #strikes = 0;

  constructor(setting: ProxySettings['agent']['generation']) {
    this.fixed = setting !== 'auto';
    this.#state = setting === 'auto' ? 'unknown' : setting;
    this.#proven = setting === 'keep-alive';
  }

  get state(): AgentStatus['generation'] {
    return this.#state;
  }

  /** Whether the agent has answered a second request on one connection, or is configured as one that does. */
  get proven(): boolean {
    return this.#proven;
  }

  /** A connection closed right after a complete reply, or its reply announced that. */
  closedAfterReply(): void {
    if (this.fixed) return;
    this.#strikes += 1;
    if (this.#state === 'keep-alive' && this.#strikes < STRIKES_MAX) return;
    this.#state = 'one-shot';
    this.#proven = false;
  }

  /** A connection was still open a moment after a complete reply. */
  stayedOpen(): void {
    if (!this.fixed) this.#state = 'keep-alive';
  }

  /** A connection that had served before served again. */
  servedAgain(): void {
    if (this.fixed) return;
    this.#state = 'keep-alive';
    this.#proven = true;
    this.#strikes = 0;
  }

  /** A connection that had served before brought no reply. */
  failedAgain(): void {
    this.closedAfterReply();
  }

  /** The agent is gone, or was replaced: whatever comes next may be of the other generation. */
  forget(): void {
    if (this.fixed) return;
    this.#state = 'unknown';
    this.#proven = false;
    this.#strikes = 0;
  }
}
