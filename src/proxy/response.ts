import type { Outlet } from './outlet.ts';
import type { ReplyHead } from './reply.ts';

/** The `Connection` line of a response, which HTTP/1.0 and HTTP/1.1 clients need in opposite cases (RFC 9112 section 9.3). */
export function connectionLine(keepAlive: boolean, minor: number): string {
  if (!keepAlive) return 'Connection: close\r\n';
  return minor === 0 ? 'Connection: keep-alive\r\n' : '';
}

function lengthLine(reply: ReplyHead, bodyBytes: number): string {
  if (!reply.statesLength) return '';
  const length = reply.bodiless ? reply.contentLength : bodyBytes;
  return length < 0 ? '' : `Content-Length: ${length}\r\n`;
}

/** Builds the whole response to the client, to be sent in one write. The body is copied. */
export function wholeResponse(reply: ReplyHead, body: Buffer, connection: string): Buffer {
  const head = `HTTP/1.1 ${reply.statusText}\r\n${reply.lines}${lengthLine(reply, body.length)}${connection}\r\n`;
  const bodyBytes = reply.bodiless ? 0 : body.length;
  const response = Buffer.allocUnsafe(head.length + bodyBytes);
  response.write(head, 0, 'latin1');
  if (bodyBytes > 0) body.copy(response, head.length);
  return response;
}

const LAST_CHUNK = Buffer.from('0\r\n\r\n', 'latin1');

/** A response that is passed on while its reply arrives: with the length the agent stated, else in chunks, else until the connection ends. */
export class ResponseStream {
  readonly #outlet: Outlet;
  readonly #reply: ReplyHead;
  readonly #chunked: boolean;
  /** Bytes of content passed on. */
  bytes = 0;

  /** @param canChunk whether the client speaks HTTP/1.1 */
  constructor(outlet: Outlet, reply: ReplyHead, canChunk: boolean) {
    this.#outlet = outlet;
    this.#reply = reply;
    this.#chunked = typeof reply.framing !== 'number' && canChunk;
  }

  get status(): number {
    return this.#reply.status;
  }

  /** Whether only the end of the connection can show the client where this reply ends. */
  get needsClose(): boolean {
    return typeof this.#reply.framing !== 'number' && !this.#chunked;
  }

  /** Sends the head and the first part. Returns false when too much waits for the client. */
  begin(body: Buffer, connection: string): boolean {
    const { framing, lines, statusText } = this.#reply;
    const length = typeof framing === 'number' ? `Content-Length: ${framing}\r\n` : '';
    const coding = this.#chunked ? 'Transfer-Encoding: chunked\r\n' : length;
    return this.#send(`HTTP/1.1 ${statusText}\r\n${lines}${coding}${connection}\r\n`, body);
  }

  /** Sends a further part. Returns false when too much waits for the client. */
  continue(body: Buffer): boolean {
    return this.#send('', body);
  }

  /** Sends what ends the body. Returns false when the client has not taken everything. */
  end(): boolean {
    return this.#chunked ? this.#outlet.write(LAST_CHUNK) : this.#outlet.flushed();
  }

  #send(head: string, body: Buffer): boolean {
    this.bytes += body.length;
    if (!this.#chunked && head === '') return this.#outlet.write(body) || this.#outlet.hasRoom;
    const before = this.#chunked ? `${head}${body.length.toString(16)}\r\n` : head;
    const after = this.#chunked ? '\r\n' : '';
    const part = Buffer.allocUnsafe(before.length + body.length + after.length);
    let offset = part.write(before, 0, 'latin1');
    offset += body.copy(part, offset);
    part.write(after, offset, 'latin1');
    return this.#outlet.write(part) || this.#outlet.hasRoom;
  }
}
