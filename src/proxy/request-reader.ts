import { type BodyLimits, BodyReader } from './body.ts';
import { at, CR, LF } from './characters.ts';
import type { HeadParser, RequestHead } from './head.ts';
import { Input } from './input.ts';
import type { Reason } from './refuse.ts';

/** Empty lines taken before a request line; RFC 9112 section 2.2 asks for at least one. */
const EMPTY_LINES_MAX = 2;

/** Up to this size a head that is not complete is parsed whenever bytes come, and whenever it has grown by as much. */
const DRIP_BYTES = 1024;

export interface Request {
  readonly head: RequestHead;
  readonly body: Buffer;
}

/** Looks at a head before its body is read: why the request is refused, or undefined. */
export type Admission = (head: RequestHead) => Reason | undefined;

export interface ReadTimes {
  /** From the first byte of a request to its last. */
  readonly httpRequestMs: number;
  /** From one byte to the next within a request. */
  readonly clientMs: number;
  /** From one request to the first byte of the next. */
  readonly httpKeepAliveMs: number;
}

/** Reads requests, one after the other, from the bytes of one client, and knows by when they must have come. */
export class RequestReader {
  readonly #parser: HeadParser;
  readonly #limits: BodyLimits;
  readonly #times: ReadTimes;
  readonly #admit: Admission;
  readonly #input = new Input();
  #emptyLines = 0;
  #begun = false;
  #startedAt = 0;
  #deadline: number;
  /** Bytes of the head that were parsed in vain. */
  #parsed = 0;
  #head: RequestHead | undefined;
  #body: BodyReader | undefined;

  constructor(parser: HeadParser, limits: BodyLimits, times: ReadTimes, now: number, admit: Admission) {
    this.#parser = parser;
    this.#limits = limits;
    this.#times = times;
    this.#admit = admit;
    this.#deadline = now + times.httpKeepAliveMs;
  }

  /** Whether a byte of a request has come that is not complete yet. */
  get begun(): boolean {
    return this.#begun;
  }

  /** When the first byte of the request came that was begun last; 0 before there was one. */
  get startedAt(): number {
    return this.#startedAt;
  }

  /** When the request, or the wait for one, must be over. */
  get deadline(): number {
    return this.#deadline;
  }

  /** The head that was read last, while its request is not finished. */
  get head(): RequestHead | undefined {
    return this.#head;
  }

  /** Minor version of HTTP in which the client is answered. */
  get minor(): number {
    return this.#head?.minor ?? 1;
  }

  /** Bytes that have come and belong to what follows. */
  get ahead(): number {
    return this.#input.length;
  }

  push(chunk: Buffer): void {
    this.#input.push(chunk);
  }

  /** Reads as far as the bytes allow. Returns a request, why it is refused, or undefined when more bytes are needed. */
  read(now: number): Request | Reason | undefined {
    if (!this.#begun && !this.#begin(now)) return undefined;
    this.#deadline = Math.min(this.#startedAt + this.#times.httpRequestMs, now + this.#times.clientMs);
    const head = this.#head ?? this.#readHead();
    if (head === undefined || typeof head === 'string') return head;
    const body = this.#body?.read(this.#input);
    if (body === undefined || typeof body === 'string') return body;
    this.#begun = false;
    this.#body = undefined;
    return { head, body };
  }

  /** Makes ready for the next request. */
  next(now: number): void {
    this.#deadline = now + this.#times.httpKeepAliveMs;
    this.#startedAt = 0;
    this.#head = undefined;
    this.#emptyLines = 0;
    if (this.#input.length === 0) this.#input.clear();
  }

  /** Lets go of everything. */
  clear(): void {
    this.#input.clear();
    this.#head = undefined;
    this.#body = undefined;
    this.#begun = false;
    this.#parsed = 0;
  }

  /** Skips empty lines; they do not begin a request. */
  #begin(now: number): boolean {
    const input = this.#input;
    while (input.length > 0 && this.#emptyLines < EMPTY_LINES_MAX && at(input.bytes, input.start) === CR) {
      if (input.length === 1) return false;
      if (at(input.bytes, input.start + 1) !== LF) break;
      input.start += 2;
      this.#emptyLines += 1;
    }
    if (input.length === 0) {
      input.clear();
      return false;
    }
    this.#begun = true;
    this.#startedAt = now;
    return true;
  }

  #readHead(): RequestHead | Reason | undefined {
    const input = this.#input;
    if (!this.#worthParsing()) return undefined;
    this.#parsed = input.length;
    const head = this.#parser.parse(input.bytes, input.start, input.end);
    if (head === undefined || typeof head === 'string') return head;
    input.start = head.end;
    this.#head = head;
    this.#parsed = 0;
    if (head.bodyBytes > this.#limits.bodyBytes) return 'body-too-large';
    this.#body = new BodyReader(head.bodyBytes, this.#limits);
    return this.#admit(head) ?? head;
  }

  /** A head is parsed from its beginning each time: not for every byte of a long one that drips. */
  #worthParsing(): boolean {
    const { bytes, end, length } = this.#input;
    const grown = length - this.#parsed;
    if (this.#parsed < DRIP_BYTES || grown >= DRIP_BYTES) return true;
    const lineEnd = bytes.indexOf(LF, end - grown);
    return lineEnd !== -1 && lineEnd < end;
  }
}
