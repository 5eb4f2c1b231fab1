interface Ending {
  /** Status of our own response; 0 where the proxy gets none. */
  readonly status: number;
  readonly sentence: string;
  /** Whether it is worth while to come again soon. */
  readonly retry?: true;
  /** Whether the connection ends with it, because the rest of the request is not read. */
  readonly closes?: true;
}

/**
 * Every way in which a request ends other than by nova's reply. The key is the reason in counters and in the access log.
 * The table in docs/agent.md is tested equal to this one.
 */
export const ENDINGS = {
  'request-malformed': { status: 400, sentence: 'The request is not HTTP/1.1 or HTTP/1.0.', closes: true },
  'head-too-large': { status: 431, sentence: 'The head is larger than `limits.head_size`.', closes: true },
  'request-timeout': { status: 408, sentence: 'The request was not complete within a minute.', closes: true },
  'target-malformed': { status: 400, sentence: 'The target is neither a path nor an http URL.' },
  'owner-missing': {
    status: 400,
    sentence: 'None of X-Neutron-Router-ID, X-Neutron-Network-ID and X-OVN-Network-ID is there.',
  },
  'owner-ambiguous': {
    status: 400,
    sentence: 'X-Neutron-Router-ID, X-Neutron-Network-ID and X-OVN-Network-ID are there more than once in all.',
  },
  'owner-malformed': { status: 400, sentence: 'The id of the router or network is no UUID.' },
  'client-missing': { status: 400, sentence: 'X-Forwarded-For is not there.' },
  'client-ambiguous': { status: 400, sentence: 'X-Forwarded-For is there more than once, or is a list.' },
  'client-malformed': { status: 400, sentence: 'X-Forwarded-For is not an IP address without a zone.' },
  'mac-malformed': { status: 400, sentence: 'X-Metasteer-Client-MAC is not one MAC address.' },
  'owner-elsewhere': {
    status: 503,
    sentence: 'The daemon of this node does not name the router or network among those that are here.',
    retry: true,
  },
  'body-too-large': { status: 413, sentence: 'The body is larger than `limits.body_size`.', closes: true },
  'instance-unknown': {
    status: 404,
    sentence: 'No instance has this address on the networks of the router or network.',
  },
  'instance-ambiguous': {
    status: 404,
    sentence: 'More than one instance has this address on the networks of the router or network.',
  },
  'mac-mismatch': { status: 404, sentence: 'The instance with this address has another MAC.' },
  'mac-unknown': { status: 503, sentence: 'The proxy does not know the MAC of the client.', retry: true },
  'source-failed': { status: 503, sentence: 'It cannot be told which instance asks.', retry: true },
  'nova-queue-full': {
    status: 503,
    sentence: 'As many requests wait for nova as `nova.queue_length` allows.',
    retry: true,
  },
  'nova-queue-timeout': { status: 503, sentence: 'Nova was busy for as long as a request may wait.', retry: true },
  'nova-absent': { status: 503, sentence: 'No address of nova could be connected to.', retry: true },
  'nova-closed': { status: 502, sentence: 'Nova closed the connection without a whole reply.' },
  'nova-reply-malformed': { status: 502, sentence: 'The reply of nova is malformed.' },
  'nova-timeout': { status: 504, sentence: 'Nova did not reply in time.' },
  internal: { status: 500, sentence: 'A defect of the agent, which its log tells.' },
  'client-left': { status: 0, sentence: 'The proxy closed the connection before it had the response.' },
  'client-stalled': { status: 0, sentence: 'The proxy did not read the response in time: the connection is closed.' },
  'reply-cut': {
    status: 0,
    sentence: 'The reply ended too early after its head was passed on: the connection is closed.',
  },
} as const satisfies Record<string, Ending>;

export type Reason = keyof typeof ENDINGS;

/** Seconds after which it is worth while to come again (contract.md F7). */
const RETRY_AFTER = '1';

/** A request that ends here. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly reason: Reason;

  constructor(reason: Reason, options?: { readonly cause?: unknown }) {
    super(ENDINGS[reason].sentence, options);
    this.reason = reason;
  }
}

/** Tells whether a status is one of the errors of RFC 9110 sections 15.5 and 15.6. */
export function isError(status: number): boolean {
  return status >= 400;
}

/** Status of the response that goes with a reason; 0 where the connection just ends. */
export function statusOf(reason: Reason): number {
  return ENDINGS[reason].status;
}

/** Tells whether the connection ends with this reason. */
export function closes(reason: Reason): boolean {
  const ending: Ending = ENDINGS[reason];
  return ending.closes === true;
}

/** Head lines and body of the response to a refused request. */
export function refusal(reason: Reason): { readonly lines: readonly string[]; readonly body: string } {
  const ending: Ending = ENDINGS[reason];
  const body = `${reason}: ${ending.sentence}\n`;
  const lines = ['Content-Type', 'text/plain; charset=utf-8', 'Content-Length', String(body.length)];
  return { lines: ending.retry === true ? [...lines, 'Retry-After', RETRY_AFTER] : lines, body };
}
