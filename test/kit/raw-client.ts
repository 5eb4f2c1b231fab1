import { connect, type NetConnectOpts, type Socket } from 'node:net';

/** A piece of raw bytes to send; a string is taken byte by byte (latin1). */
export type Bytes = string | Buffer;

/** A client that knows nothing of HTTP: it sends bytes and keeps what comes back. */
export class RawClient {
  readonly socket: Socket;
  #chunks: Buffer[] = [];
  #length = 0;
  #state: 'open' | 'ended' | 'reset' | 'closed' = 'open';
  readonly #listeners = new Set<() => void>();

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#length += chunk.length;
      this.#changed();
    });
    socket.on('end', () => this.#end('ended'));
    socket.on('error', (error: NodeJS.ErrnoException) => this.#end(error.code === 'ECONNRESET' ? 'reset' : 'closed'));
    socket.on('close', () => this.#end('closed'));
  }

  static open(to: NetConnectOpts): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ ...to, noDelay: true, allowHalfOpen: true } as NetConnectOpts);
      const client = new RawClient(socket);
      socket.once('error', reject);
      socket.once('connect', () => resolve(client));
    });
  }

  /** Everything received so far, one character per byte. */
  get text(): string {
    return this.bytes.toString('latin1');
  }

  /** How many bytes were received so far. */
  get length(): number {
    return this.#length;
  }

  get bytes(): Buffer {
    const whole = Buffer.concat(this.#chunks);
    this.#chunks = [whole];
    return whole;
  }

  /** How the server's side stands. */
  get state(): 'open' | 'ended' | 'reset' | 'closed' {
    return this.#state;
  }

  /** Sends segments, each as a write of its own with a turn of the event loop after it. */
  async send(...segments: readonly Bytes[]): Promise<void> {
    for (const segment of segments) {
      this.socket.write(typeof segment === 'string' ? Buffer.from(segment, 'latin1') : segment);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** Closes the sending side only. */
  halfClose(): void {
    this.socket.end();
  }

  /** Waits until what was received satisfies a condition; fails after `deadlineMs`. */
  until(condition: (client: RawClient) => boolean, deadlineMs = 10_000): Promise<this> {
    return new Promise((resolve, reject) => {
      const check = () => {
        if (!condition(this)) return;
        clearTimeout(timer);
        this.#listeners.delete(check);
        resolve(this);
      };
      const timer = setTimeout(() => {
        this.#listeners.delete(check);
        reject(
          new Error(
            `not satisfied in ${deadlineMs} ms; ${this.#state}, received ${JSON.stringify(this.text.slice(0, 2000))}`,
          ),
        );
      }, deadlineMs);
      this.#listeners.add(check);
      check();
    });
  }

  /** Waits until the server has closed its side. */
  untilClosed(deadlineMs?: number): Promise<this> {
    return this.until((client) => client.state !== 'open', deadlineMs);
  }

  close(): void {
    this.socket.destroy();
  }

  #end(state: 'ended' | 'reset' | 'closed'): void {
    if (this.#state === 'open') this.#state = state;
    this.#changed();
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

/** Sends segments on a connection of their own and returns all that came back until the server closed. */
export async function exchangeRaw(
  to: NetConnectOpts,
  segments: readonly Bytes[],
  deadlineMs = 10_000,
): Promise<string> {
  const client = await RawClient.open(to);
  try {
    await client.send(...segments);
    await client.untilClosed(deadlineMs);
    return client.text;
  } finally {
    client.close();
  }
}

export interface RawResponse {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** What followed the response. */
  readonly rest: string;
}

/** Takes one response apart. `undefined` while it is not complete; without any framing it is taken to end where the text ends. */
export function parseResponse(text: string, toHead = false): RawResponse | undefined {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd === -1) return undefined;
  const [statusLine = '', ...lines] = text.slice(0, headEnd).split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1] ?? Number.NaN);
  const headers = new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const after = text.slice(headEnd + 4);
  if (toHead || status < 200 || status === 204 || status === 304) return { status, headers, body: '', rest: after };
  if (headers.get('transfer-encoding') === 'chunked') return parseChunks(status, headers, after);
  const length = Number(headers.get('content-length') ?? after.length);
  if (after.length < length) return undefined;
  return { status, headers, body: after.slice(0, length), rest: after.slice(length) };
}

function parseChunks(status: number, headers: ReadonlyMap<string, string>, text: string): RawResponse | undefined {
  let body = '';
  let at = 0;
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd === -1) return undefined;
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    const end = lineEnd + 2 + size;
    if (text.length < end + 2) return undefined;
    body += text.slice(lineEnd + 2, end);
    at = end + 2;
    if (size === 0) return { status, headers, body, rest: text.slice(at) };
  }
}
