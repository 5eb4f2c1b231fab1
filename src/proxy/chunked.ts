import { at, BACKSLASH, COLON, CR, EQUALS, HEX, isBlank, LF, QUOTE, SEMICOLON, TOKEN, VALUE } from './characters.ts';
import type { Gather } from './input.ts';

/** Where in a chunked body the decoder stands (RFC 9112 section 7.1). */
const AT = {
  sizeFirst: 0,
  size: 1,
  extensionName: 2,
  extensionNameRest: 3,
  afterName: 4,
  extensionValue: 5,
  extensionValueRest: 6,
  quoted: 7,
  quotedPair: 8,
  afterQuoted: 9,
  afterValue: 10,
  sizeLf: 11,
  data: 12,
  dataCr: 13,
  dataLf: 14,
  trailer: 15,
  trailerName: 16,
  trailerValue: 17,
  trailerLf: 18,
  endLf: 19,
  end: 20,
} as const;

type At = (typeof AT)[keyof typeof AT];

export interface ChunkedLimits {
  /** Most bytes of content. */
  readonly bodyBytes: number;
  /** Most bytes of chunk extensions and trailers together; they are dropped. */
  readonly extraBytes: number;
}

export type ChunkedFailure = 'malformed' | 'body-too-large' | 'extra-too-large';

/** More digits than any size that is allowed needs, leading zeros included. */
const SIZE_DIGITS_MAX = 16;

/** Strict decoder of chunked bodies, for bytes as they come. Extensions and trailers are checked and dropped. */
export class ChunkedDecoder {
  readonly #limits: ChunkedLimits;
  #state: At = AT.sizeFirst;
  #left = 0;
  #digits = 0;
  #content = 0;
  #extra = 0;
  #failure: ChunkedFailure | undefined;

  constructor(limits: ChunkedLimits) {
    this.#limits = limits;
  }

  get done(): boolean {
    return this.#state === AT.end;
  }

  get failure(): ChunkedFailure | undefined {
    return this.#failure;
  }

  /**
   * Decodes `bytes[from, to)` and appends the content to `content`.
   *
   * @returns the offset after the last byte that belongs to the body; check `done` and `failure` afterwards
   */
  feed(bytes: Buffer, from: number, to: number, content: Gather): number {
    let index = from;
    while (index < to && this.#state !== AT.end) {
      if (this.#state === AT.data) {
        const size = Math.min(this.#left, to - index);
        content.append(bytes, index, index + size);
        index += size;
        this.#left -= size;
        if (this.#left === 0) this.#state = AT.dataCr;
        continue;
      }
      const next = this.#step(at(bytes, index));
      if (next === undefined) {
        this.#failure ??= 'malformed';
        return index;
      }
      this.#state = next;
      index += 1;
    }
    return index;
  }

  #step(byte: number): At | undefined {
    const state = this.#state;
    if (state <= AT.size) return this.#size(byte);
    if (state <= AT.afterValue) return this.#countExtra() ? extension(state, byte) : undefined;
    if (state <= AT.dataLf) return this.#lineEnd(byte);
    return this.#countExtra() ? trailer(state, byte) : undefined;
  }

  #countExtra(): boolean {
    this.#extra += 1;
    if (this.#extra <= this.#limits.extraBytes) return true;
    this.#failure = 'extra-too-large';
    return false;
  }

  #size(byte: number): At | undefined {
    const digit = HEX[byte] ?? 0;
    if (digit > 0) {
      this.#digits += 1;
      this.#left = this.#left * 16 + digit - 1;
      if (this.#digits > SIZE_DIGITS_MAX) return undefined;
      if (this.#content + this.#left <= this.#limits.bodyBytes) return AT.size;
      this.#failure = 'body-too-large';
      return undefined;
    }
    if (this.#state === AT.sizeFirst) return undefined;
    if (byte === CR) return AT.sizeLf;
    if (byte === SEMICOLON) return AT.extensionName;
    return isBlank(byte) ? AT.afterValue : undefined;
  }

  #lineEnd(byte: number): At | undefined {
    if (this.#state === AT.dataCr) return byte === CR ? AT.dataLf : undefined;
    if (byte !== LF) return undefined;
    const sizeWasRead = this.#state === AT.sizeLf;
    this.#digits = 0;
    if (!sizeWasRead) return AT.sizeFirst;
    this.#content += this.#left;
    return this.#left === 0 ? AT.trailer : AT.data;
  }
}

/** `*( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )` */
function extension(state: At, byte: number): At | undefined {
  switch (state) {
    case AT.extensionName:
      if (isBlank(byte)) return state;
      return TOKEN[byte] === 1 ? AT.extensionNameRest : undefined;
    case AT.extensionNameRest:
      if (TOKEN[byte] === 1) return state;
      if (byte === EQUALS) return AT.extensionValue;
      return isBlank(byte) ? AT.afterName : afterExtension(byte);
    case AT.afterName:
      if (byte === EQUALS) return AT.extensionValue;
      if (byte === SEMICOLON) return AT.extensionName;
      return isBlank(byte) ? state : undefined;
    case AT.extensionValue:
      if (byte === QUOTE) return AT.quoted;
      if (TOKEN[byte] === 1) return AT.extensionValueRest;
      return isBlank(byte) ? state : undefined;
    case AT.extensionValueRest:
      if (TOKEN[byte] === 1) return state;
      return isBlank(byte) ? AT.afterValue : afterExtension(byte);
    case AT.quoted:
      if (byte === QUOTE) return AT.afterQuoted;
      if (byte === BACKSLASH) return AT.quotedPair;
      return VALUE[byte] === 1 ? state : undefined;
    case AT.quotedPair:
      return VALUE[byte] === 1 ? AT.quoted : undefined;
    case AT.afterQuoted:
      return isBlank(byte) ? AT.afterValue : afterExtension(byte);
    default:
      // Blanks that no further extension follows are refused: lenient readers differ about them.
      if (byte === SEMICOLON) return AT.extensionName;
      return isBlank(byte) ? AT.afterValue : undefined;
  }
}

function afterExtension(byte: number): At | undefined {
  if (byte === SEMICOLON) return AT.extensionName;
  return byte === CR ? AT.sizeLf : undefined;
}

function trailer(state: At, byte: number): At | undefined {
  switch (state) {
    case AT.trailer:
      if (byte === CR) return AT.endLf;
      return TOKEN[byte] === 1 ? AT.trailerName : undefined;
    case AT.trailerName:
      if (TOKEN[byte] === 1) return state;
      return byte === COLON ? AT.trailerValue : undefined;
    case AT.trailerValue:
      if (VALUE[byte] === 1) return state;
      return byte === CR ? AT.trailerLf : undefined;
    case AT.trailerLf:
      return byte === LF ? AT.trailer : undefined;
    default:
      return byte === LF ? AT.end : undefined;
  }
}
