import { type BodyLimits, BodyReader } from './body.ts';
import { at, CR, LF } from './characters.ts';
import type { HeadParser, RequestHead } from './head.ts';
import { Input } from './input.ts';
import type { Reason } from './refuse.ts';

/** Empty lines taken before a request line; RFC 9112 section 2.2 asks for at least one. */
const EMPTY_LINES_MAX = 2;

export interface Request {
  readonly head: RequestHead;
  readonly body: Buffer;
}

/** Looks at a head before its body is read: why the request is refused, or undefined. */
export type Admission = (head: RequestHead) => Reason | undefined;

/** Reads requests, one after the other, from the bytes of one client. */
export class RequestReader {
  readonly #parser: HeadParser;
  readonly #limits: BodyLimits;
  readonly #admit: Admission;
  readonly #input = new Input();
  #emptyLines = 0;
  #begun = false;
  #head: RequestHead | undefined;
  #body: BodyReader | undefined;

  constructor(parser: HeadParser, limits: BodyLimits, admit: Admission) {
    this.#parser = parser;
    this.#limits = limits;
    this.#admit = admit;
  }

  /** Whether a byte of a request has come that is not complete yet. */
  get begun(): boolean {
    return this.#begun;
  }

  /** The head that was read last, while its request is not finished. */
  get head(): RequestHead | undefined {
    return this.#head;
  }

  /** Bytes that have come and belong to what follows. */
  get ahead(): number {
    return this.#input.length;
  }

  push(chunk: Buffer): void {
    this.#input.push(chunk);
  }

  /** Reads as far as the bytes allow. Returns a request, why it is refused, or undefined when more bytes are needed. */
  read(): Request | Reason | undefined {
    if (!this.#begun && !this.#begin()) return undefined;
    const head = this.#head ?? this.#readHead();
    if (head === undefined || typeof head === 'string') return head;
    const body = this.#body?.read(this.#input);
    if (body === undefined || typeof body === 'string') return body;
    this.#begun = false;
    this.#body = undefined;
    return { head, body };
  }

  /** Makes ready for the next request. */
  next(): void {
    this.#head = undefined;
    this.#emptyLines = 0;
    if (this.#input.length === 0) this.#input.clear();
  }

  /** Lets go of everything. */
  clear(): void {
    this.#input.clear();
    this.#body = undefined;
    this.#begun = false;
  }

  /** Skips empty lines; they do not begin a request. */
  #begin(): boolean {
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
    return true;
  }

  #readHead(): RequestHead | Reason | undefined {
    const input = this.#input;
    const head = this.#parser.parse(input.bytes, input.start, input.end);
    if (head === undefined || typeof head === 'string') return head;
    input.start = head.end;
    this.#head = head;
    if (head.bodyBytes > this.#limits.bodyBytes) return 'body-too-large';
    this.#body = new BodyReader(head.bodyBytes, this.#limits);
    return this.#admit(head) ?? head;
  }
}
