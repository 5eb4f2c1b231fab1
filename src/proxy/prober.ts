import type { AgentConnection } from './agent-connection.ts';
import { Exchange, type Receiver } from './exchange.ts';
import { identityLines } from './headers.ts';
import type { Reason } from './refuse.ts';
import type { ReplyHead } from './reply.ts';

/**
 * Holds requests too large for a one-shot agent while nobody knows whether the agent is one, and finds out: it asks for `/`,
 * in the name of the client that waits, twice on one connection. The agent's answer to that is the same for all and changes
 * nothing (contract.md 4), and only a keep-alive agent gives it twice.
 */
export class Prober implements Receiver {
  readonly #held = new Set<Exchange>();
  readonly #fail: (held: readonly Exchange[], reason: Reason) => void;
  #connection: AgentConnection | undefined;
  #probe: Exchange | undefined;

  /** @param fail tells what becomes of the held requests when the agent does not answer properly */
  constructor(fail: (held: readonly Exchange[], reason: Reason) => void) {
    this.#fail = fail;
  }

  get size(): number {
    return this.#held.size;
  }

  /** Whether something is held and no probe is under way. */
  get wanted(): boolean {
    return this.#held.size > 0 && this.#connection === undefined;
  }

  probes(connection: AgentConnection): boolean {
    return this.#connection === connection;
  }

  hold(exchange: Exchange): void {
    this.#held.add(exchange);
  }

  remove(exchange: Exchange): boolean {
    return this.#held.delete(exchange);
  }

  takeExpired(now: number): Exchange[] {
    const expired = [...this.#held].filter((exchange) => exchange.queueDeadline <= now);
    for (const exchange of expired) this.#held.delete(exchange);
    return expired;
  }

  /** Ends the probe and gives out all that was held, in the order it came. */
  release(): Exchange[] {
    const held = [...this.#held];
    this.#held.clear();
    this.#connection = undefined;
    // One that is still under way, with an agent that was replaced, must not fail what is held for the next.
    this.#probe?.abandon();
    this.#probe = undefined;
    return held;
  }

  /** Sends the probing request, on the connection that is kept for it from now on. Without anything held there is none. */
  send(connection: AgentConnection): boolean {
    const [first] = this.#held;
    if (first === undefined) return false;
    this.#connection = connection;
    const { owner } = first.port.port;
    const bytes = Buffer.from(
      `GET / HTTP/1.1\r\n${identityLines(owner, first.client)}Host: 169.254.169.254\r\n\r\n`,
      'latin1',
    );
    const request = { bytes, headBytes: bytes.length, method: 'GET' };
    this.#probe = new Exchange(first.port, first.client, request, Number.POSITIVE_INFINITY, this);
    connection.start(this.#probe);
    return true;
  }

  replied(_head: ReplyHead, _body: Buffer): void {}

  replyBegins(_head: ReplyHead, _body: Buffer): boolean {
    return true;
  }

  replyContinues(_body: Buffer): boolean {
    return true;
  }

  replyEnds(): void {}

  failed(reason: Reason): void {
    this.#fail(this.release(), reason);
  }
}
