interface Ending {
  /** Status of our own response; 0 where the client gets none. */
  readonly status: number;
  /** Whether the connection may serve the next request, provided this one was read to its end. */
  readonly keep: boolean;
  readonly sentence: string;
  readonly extra?: string;
}

const RETRY = 'Retry-After: 1\r\n';
const ALLOW = 'Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n';

function closing(status: number, sentence: string, extra = ''): Ending {
  return { status, keep: false, sentence, extra };
}

function keeping(status: number, sentence: string, extra = ''): Ending {
  return { status, keep: true, sentence, extra };
}

/**
 * Every way in which a request ends other than by the agent's reply. The key is the reason in counters and in the access log.
 * The table in docs/http.md is tested equal to this one.
 */
export const ENDINGS = {
  'request-line-malformed': closing(400, 'The request line is not `method SP target SP version`.'),
  'line-end-malformed': closing(400, 'A line does not end with CR LF, or a CR or LF stands alone.'),
  'target-malformed': closing(
    400,
    'The target is not in origin, absolute (http) or asterisk form, or has characters it may not have.',
  ),
  'target-too-long': closing(414, 'The target is longer than `limits.target_length`.'),
  'method-refused': closing(405, 'CONNECT and TRACE have no meaning here.', ALLOW),
  'version-unsupported': closing(505, 'The version is neither HTTP/1.1 nor HTTP/1.0.'),
  'header-malformed': closing(400, 'A header line has a malformed name or value, or is folded.'),
  'headers-too-many': closing(431, 'There are more header lines than `limits.header_count`.'),
  'head-too-large': closing(431, 'The head is larger than `limits.head_size`.'),
  'head-too-large-for-agent': closing(431, 'The head does not fit the 4096 bytes that a one-shot agent reads.'),
  'host-malformed': closing(400, 'Host is missing in HTTP/1.1, repeated, or not a host.'),
  'content-length-malformed': closing(400, 'Content-Length is repeated or not a number.'),
  'transfer-encoding-malformed': closing(400, 'Transfer-Encoding is empty, repeated, or used in HTTP/1.0.'),
  'transfer-encoding-unsupported': closing(501, 'Transfer-Encoding is other than `chunked`.'),
  'framing-ambiguous': closing(400, 'Content-Length and Transfer-Encoding are both present.'),
  'chunk-malformed': closing(400, 'The chunked body or its trailers are malformed.'),
  'trailers-too-large': closing(431, 'Chunk extensions or trailers are larger than `limits.head_size`.'),
  'body-too-large': closing(413, 'The body is larger than `limits.body_size`.'),
  'body-too-large-for-agent': closing(413, 'Head and body do not fit the 4096 bytes that a one-shot agent reads.'),
  'expectation-unsupported': closing(417, 'Expect is other than `100-continue`.'),
  'request-cut': closing(400, 'The client ended its side before the request was complete.'),
  'request-timeout': closing(408, 'The request was not complete in time.'),
  'connections-exhausted': closing(503, 'There are as many connections as `limits.connections` allows.', RETRY),
  'rate-limited': keeping(429, 'The client asks more often than `metadata_rate_limiting` allows.', RETRY),
  'queue-full': keeping(503, 'As many requests wait for the agent as `agent.queue_length` allows.', RETRY),
  'queue-timeout': keeping(503, 'The agent was busy for as long as a request may wait.', RETRY),
  'agent-absent': keeping(
    503,
    'Nobody accepted a connection on the agent socket for as long as a request may wait.',
    RETRY,
  ),
  'agent-closed': keeping(502, 'The agent closed the connection without a reply.'),
  'agent-reply-malformed': keeping(502, 'The reply of the agent is malformed or ends too early.'),
  'agent-timeout': keeping(504, 'The agent did not reply in time.'),
  'client-unidentified': closing(
    0,
    'The address of the client is link-local and its MAC is unknown: the connection is reset.',
  ),
  'client-left': closing(0, 'The client closed the connection before it had its response.'),
  'client-stalled': closing(0, 'The client did not read its response in time: the connection is closed.'),
  'reply-cut': closing(0, 'The reply ended too early after its head was passed on: the connection is closed.'),
  evicted: closing(0, 'The connection made room for one of a client that has fewer.'),
} as const satisfies Record<string, Ending>;

export type Reason = keyof typeof ENDINGS;

/** All of them. */
export const REASONS = Object.keys(ENDINGS) as readonly Reason[];

const PHRASES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Content Too Large',
  414: 'URI Too Long',
  417: 'Expectation Failed',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
};

/** Tells whether a status is one of the errors of RFC 9110 sections 15.5 and 15.6. */
export function isError(status: number): boolean {
  return status >= 400;
}

/** Status of the response that goes with a reason; 0 where the connection just ends. */
export function statusOf(reason: Reason): number {
  return ENDINGS[reason].status;
}

/** Tells whether the connection may go on after this ending of a request that was read completely. */
export function mayKeep(reason: Reason): boolean {
  return ENDINGS[reason].keep;
}

/**
 * The response of a refusal, head and body apart, because HEAD gets the head alone (RFC 9110 section 9.3.2).
 *
 * @param connection the `Connection` line with its CR LF, or nothing
 * @param retryAfter seconds until the client may come back, where they are known better than by the reason alone
 */
export function refusal(
  reason: Reason,
  connection: string,
  retryAfter?: number,
): { readonly head: string; readonly body: string } {
  const ending: Ending = ENDINGS[reason];
  const { status, sentence } = ending;
  const extra = retryAfter === undefined ? (ending.extra ?? '') : `Retry-After: ${retryAfter}\r\n`;
  const body = `${reason}: ${sentence}\n`;
  const head =
    `HTTP/1.1 ${status} ${PHRASES[status] ?? ''}\r\nContent-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n` +
    `${extra}Content-Length: ${body.length}\r\n${connection}\r\n`;
  return { head, body };
}
