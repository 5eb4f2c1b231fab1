import type { ClientAddress } from '../identity/client-address.ts';
import type { ProxyContext } from './context.ts';
import { Exchange, type Receiver } from './exchange.ts';
import type { RequestHead } from './head.ts';
import { agentHeadBytes, agentRequest, identityLines } from './headers.ts';
import type { Client } from './identity.ts';
import type { PortState } from './port.ts';
import type { Reason } from './refuse.ts';
import type { Request } from './request-reader.ts';

/** Turns the requests of one client into exchanges with the agent. */
export class Asker {
  readonly #port: PortState;
  readonly #client: ClientAddress;
  readonly #context: ProxyContext;
  readonly #identity: string;

  constructor(port: PortState, { address, mac }: Client, context: ProxyContext) {
    this.#port = port;
    this.#client = address;
    this.#context = context;
    const told = context.settings.agent.clientMac ? mac.get() : undefined;
    this.#identity = identityLines(port.port.owner, address, told);
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
    return new Exchange(this.#port, this.#client, request, now + settings.agent.queueTimeoutMs, receiver);
  }
}
