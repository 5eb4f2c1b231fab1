import { ChunkedDecoder } from './chunked.ts';
import { Gather, Input } from './input.ts';
import { type ReplyHead, ReplyParser } from './reply.ts';

/** Chunk extensions and trailers of a reply; its content has no bound, it is passed on as it comes. */
const REPLY_EXTRA_BYTES_MAX = 65_536;

/** Heads are parsed in one call each, so one parser serves all. */
const PARSER = new ReplyParser();

/** Reads one reply from the agent, from bytes as they come. Interim replies (1xx) are skipped. */
export class ReplyReader {
  readonly #toHead: boolean;
  readonly #input = new Input();
  readonly #body = new Gather();
  #head: ReplyHead | undefined;
  #decoder: ChunkedDecoder | undefined;
  #left = 0;
  #slice: Buffer | undefined;
  /** Whether the last byte of the reply has been read. */
  complete = false;
  malformed = false;
  /** Whether bytes came after the reply: the connection must not be used again. */
  surplus = false;

  constructor(toHead: boolean) {
    this.#toHead = toHead;
  }

  get head(): ReplyHead | undefined {
    return this.#head;
  }

  /** Body bytes read and not taken yet. */
  get bodyBytes(): number {
    return this.#slice?.length ?? this.#body.length;
  }

  /** Takes the body bytes read so far; they are good only until the next call of `read`. */
  takeBody(): Buffer {
    const slice = this.#slice;
    this.#slice = undefined;
    return slice ?? this.#body.take();
  }

  /** @param chunk good only during the call */
  read(chunk: Buffer): void {
    if (this.complete) this.surplus = true;
    else if (this.#head !== undefined) this.#readBody(chunk, 0, chunk.length, false);
    else this.#readHead(chunk);
  }

  /** The agent closed its side. */
  end(): void {
    if (this.complete || this.malformed) return;
    if (this.#head?.framing === 'eof') this.complete = true;
    else this.malformed = true;
  }

  #readHead(chunk: Buffer): void {
    const input = this.#input;
    input.push(chunk);
    for (;;) {
      const head = PARSER.parse(input.bytes, input.start, input.end, this.#toHead);
      if (head === undefined) {
        // The chunk is the caller's: what is left of it must be copied.
        if (input.bytes === chunk) this.#keep();
        return;
      }
      if (head === 'malformed') {
        this.malformed = true;
        return;
      }
      input.start = head.end;
      if (!head.interim) {
        this.#begin(head);
        break;
      }
    }
    this.#readBody(input.bytes, input.start, input.end, true);
    input.clear();
  }

  #keep(): void {
    const copy = Buffer.from(this.#input.bytes.subarray(this.#input.start, this.#input.end));
    this.#input.clear();
    if (copy.length > 0) this.#input.push(copy);
  }

  #begin(head: ReplyHead): void {
    this.#head = head;
    if (head.framing === 'chunked') {
      this.#decoder = new ChunkedDecoder({ bodyBytes: Number.MAX_SAFE_INTEGER, extraBytes: REPLY_EXTRA_BYTES_MAX });
    }
    this.#left = typeof head.framing === 'number' ? head.framing : Number.POSITIVE_INFINITY;
    this.complete = this.#left === 0;
  }

  /** @param first whether these bytes came with the head: a body that is whole is then given out without a copy */
  #readBody(bytes: Buffer, from: number, to: number, first: boolean): void {
    if (this.#decoder !== undefined) {
      this.#readChunks(this.#decoder, bytes, from, to);
      return;
    }
    const size = Math.min(this.#left, to - from);
    if (first && size === this.#left) this.#slice = bytes.subarray(from, from + size);
    else this.#body.append(bytes, from, from + size);
    this.#left -= size;
    this.complete = this.#left === 0;
    this.surplus = from + size < to;
  }

  #readChunks(decoder: ChunkedDecoder, bytes: Buffer, from: number, to: number): void {
    const end = decoder.feed(bytes, from, to, this.#body);
    if (decoder.failure !== undefined) this.malformed = true;
    this.complete = decoder.done;
    this.surplus = decoder.done && end < to;
  }
}
