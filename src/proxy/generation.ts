import type { AgentStatus, ProxySettings } from './messages.ts';

/** So many connections closed after one reply each, with none used twice in between, leave no doubt. */
const STRIKES_MAX = 3;

/**
 * Which generation of agent is on the other side (contract.md 2.3), fixed or found out from what it does:
 *
 *     unknown ──closes after its reply──▶ one-shot ◀──closes after its reply, again and again──┐
 *        │                                   │                                                │
 *        └──────stays open after its reply───┴──────────────────────────────────────▶ keep-alive
 *
 *     any ──nobody listens on the socket, or it is another socket──▶ unknown
 *
 * For most requests an error here costs nothing: they have the form that both read, and a request that a used connection
 * loses is sent again where that is safe. Only requests that a one-shot agent would not read whole need certainty.
 */
export class Generation {
  readonly fixed: boolean;
  #state: AgentStatus['generation'];
  #certain: boolean;
  #strikes = 0;

  constructor(setting: ProxySettings['agent']['generation']) {
    this.fixed = setting !== 'auto';
    this.#state = setting === 'auto' ? 'unknown' : setting;
    this.#certain = this.fixed;
  }

  get state(): AgentStatus['generation'] {
    return this.#state;
  }

  /** Whether the agent reads more than 4096 bytes of a request; undefined while that would be a guess. */
  get readsMore(): boolean | undefined {
    return this.#certain ? this.#state === 'keep-alive' : undefined;
  }

  /**
   * A connection closed after a complete reply, or brought none to a second request.
   *
   * @param announced the reply said so: that alone is a weak sign, any agent may do it
   */
  closedAfterReply(announced: boolean): void {
    if (this.fixed) return;
    this.#strikes += 1;
    const often = this.#strikes >= STRIKES_MAX;
    if (this.#state === 'keep-alive' && !often) return;
    this.#certain = often || !announced || (this.#certain && this.#state === 'one-shot');
    this.#state = 'one-shot';
  }

  /** A connection was still open a moment after a complete reply. */
  stayedOpen(): void {
    if (this.fixed || this.#state === 'keep-alive') return;
    this.#state = 'keep-alive';
    this.#certain = false;
  }

  /** A connection that had served before served again. */
  servedAgain(): void {
    this.#strikes = 0;
    this.#decide('keep-alive');
  }

  /** A connection was tried a second time for this purpose, and did not serve. */
  didNotServeAgain(): void {
    this.#decide('one-shot');
  }

  /** The agent is gone, or was replaced: whatever comes next may be of the other generation. */
  forget(): void {
    if (this.fixed) return;
    this.#state = 'unknown';
    this.#certain = false;
    this.#strikes = 0;
  }

  #decide(state: 'keep-alive' | 'one-shot'): void {
    if (this.fixed) return;
    this.#state = state;
    this.#certain = true;
  }
}
