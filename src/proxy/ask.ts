import type { ProxyContext } from './context.ts';
import { Exchange, type Receiver } from './exchange.ts';
import type { RequestHead } from './head.ts';
import { agentHeadBytes, agentRequest, type Identity, identityLines, identityWithMac } from './headers.ts';
import type { Client } from './identity.ts';
import type { PortState } from './port.ts';
import type { Reason } from './refuse.ts';
import type { Request } from './request-reader.ts';

/** Turns the requests of one client into exchanges with the agent. */
export class Asker {
  readonly #port: PortState;
  readonly #client: Client;
  readonly #context: ProxyContext;
  #known: Identity | undefined;

  constructor(port: PortState, client: Client, context: ProxyContext) {
    this.#port = port;
    this.#client = client;
    this.#context = context;
  }

  /** Made for the first request: further ones of the connection cost no look at the socket, and one that asks nothing none at all. */
  get #identity(): Identity {
    this.#known ??= this.#identify();
    return this.#known;
  }

  #identify(): Identity {
    const { owner } = this.#port.port;
    const { address, mac } = this.#client;
    if (this.#context.settings.agent.clientMac) return identityWithMac(owner, address, mac.get());
    return { lines: identityLines(owner, address), extraBytes: 0 };
  }

  /** What can be told from the head alone, so that no body is waited for that would be refused. */
  judge(head: RequestHead): Reason | undefined {
    const { agent } = this.#context;
    const declared = Math.max(0, head.bodyBytes);
    return agent.tooLarge(agentHeadBytes(head, this.#identity, declared, agent.saysClose), declared);
  }

  /** @param now on the clock's scale: from here on the request waits no longer than it may */
  exchange({ head, body }: Request, receiver: Receiver, now: number): Exchange {
    const { agent, settings } = this.#context;
    const request = agentRequest(head, this.#identity, body, agent.saysClose);
    this.#port.requests += 1;
    return new Exchange(this.#port, this.#client.address, request, now + settings.agent.queueTimeoutMs, receiver);
  }
}
