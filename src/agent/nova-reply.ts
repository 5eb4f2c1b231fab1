import type { Dispatcher } from 'undici';

/** Replies up to this size are passed on in one write; larger ones as they come. */
const WHOLE_BYTES_MAX = 64 * 1024;

/** End-to-end headers of nova that go to the guest; the others are about the connection, or say what ours does not. */
const PASSED = new Map([
  ['content-type', 'Content-Type'],
  ['content-encoding', 'Content-Encoding'],
  ['content-length', 'Content-Length'],
  ['retry-after', 'Retry-After'],
]);

/** Status and headers of a reply; headers are names and values in turn. */
export interface ReplyHead {
  readonly status: number;
  readonly lines: readonly string[];
  /** The declared length; undefined where there is none. */
  readonly contentLength?: string;
}

/** Takes the rest of a reply that is too large to be held. */
export interface ReplySink {
  /** @returns whether more may come at once; otherwise `resume` asks for it */
  data(chunk: Buffer): boolean;
  end(): void;
  failed(error: Error): void;
}

/** A reply of nova, whole or the beginning of one. */
export interface NovaReply {
  readonly head: ReplyHead;
  /** All of the body, or its beginning. */
  readonly body: Buffer;
  /** There where the body is larger than what is held. */
  readonly rest?: ReplyRest;
}

/** Why no reply came. */
export interface NoReply {
  readonly error: Error;
  /** Whether a connection was there: from then on nova may have got the request. */
  readonly wasConnected: boolean;
  /** Whether any of the reply was there. */
  readonly hadBegun: boolean;
}

/** The rest of a reply, which does not come before somebody takes it. */
export class ReplyRest {
  readonly #controller: Dispatcher.DispatchController;
  sink: ReplySink | undefined;

  constructor(controller: Dispatcher.DispatchController) {
    this.#controller = controller;
  }

  /** Has it begin to come. */
  flow(sink: ReplySink): void {
    this.sink = sink;
    this.#controller.resume();
  }

  resume(): void {
    this.#controller.resume();
  }

  abort(): void {
    this.#controller.abort(new Error('nobody takes the reply'));
  }
}

/** Collects one reply. `done` is called once: with the reply when it is whole or too large to be held, or with why there is none. */
export class ReplyCollector implements Dispatcher.DispatchHandler {
  readonly #done: (reply: NovaReply | NoReply) => void;
  /** Called when the reply had a rest and nothing of it is to come any more. */
  readonly #restOver: () => void;
  #controller: Dispatcher.DispatchController | undefined;
  #head: ReplyHead | undefined;
  #chunks: Buffer[] = [];
  #length = 0;
  #rest: ReplyRest | undefined;
  #isAborted = false;

  constructor(done: (reply: NovaReply | NoReply) => void, restOver: () => void) {
    this.#done = done;
    this.#restOver = restOver;
  }

  /** Ends the request: at once, or as soon as there is a connection. */
  abort(): void {
    this.#isAborted = true;
    this.#controller?.abort(new Error('the caller left'));
  }

  /** The request is about to be written: a connection is there. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isAborted) controller.abort(new Error('the caller left'));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    const lines: string[] = [];
    for (const [name, written] of PASSED) {
      const value = headers[name];
      if (value !== undefined && name !== 'content-length')
        lines.push(written, Array.isArray(value) ? value.join(', ') : value);
    }
    const length = headers['content-length'];
    this.#head = { status, lines, ...(typeof length === 'string' ? { contentLength: length } : {}) };
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#rest !== undefined) {
      if (this.#rest.sink?.data(chunk) !== true) controller.pause();
      return;
    }
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    if (this.#length <= WHOLE_BYTES_MAX || this.#head === undefined) return;
    controller.pause();
    this.#rest = new ReplyRest(controller);
    this.#done({ head: this.#head, body: this.#taken(), rest: this.#rest });
  }

  onResponseEnd(): void {
    if (this.#rest !== undefined) {
      this.#restOver();
      this.#rest.sink?.end();
    } else if (this.#head !== undefined) {
      this.#done({ head: this.#head, body: this.#taken() });
    }
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#rest !== undefined) {
      this.#restOver();
      this.#rest.sink?.failed(error);
    } else {
      this.#done({ error, wasConnected: this.#controller !== undefined, hadBegun: this.#head !== undefined });
    }
  }

  #taken(): Buffer {
    const [first] = this.#chunks;
    const body = this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks, this.#length);
    this.#chunks = [];
    return body;
  }
}
