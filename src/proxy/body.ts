import { ChunkedDecoder, type ChunkedFailure } from './chunked.ts';
import { Gather, type Input } from './input.ts';
import type { Reason } from './refuse.ts';

/** The interim response to `Expect: 100-continue` (RFC 9110 section 10.1.1). */
export const CONTINUE = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n', 'latin1');

const EMPTY = Buffer.alloc(0);

const REASONS: Readonly<Record<ChunkedFailure, Reason>> = {
  malformed: 'chunk-malformed',
  'body-too-large': 'body-too-large',
  'extra-too-large': 'trailers-too-large',
};

export interface BodyLimits {
  readonly bodyBytes: number;
  readonly headBytes: number;
}

/** Collects a request's whole body before the agent is asked (contract.md F2), within its bound. */
export class BodyReader {
  readonly #expected: number;
  readonly #decoder: ChunkedDecoder | undefined;
  readonly #gather = new Gather();
  #whole: Buffer | undefined;

  /** @param declared as `RequestHead.bodyBytes`: -1 for chunks; it was checked against the bound already */
  constructor(declared: number, limits: BodyLimits) {
    this.#expected = declared;
    if (declared === -1)
      this.#decoder = new ChunkedDecoder({ bodyBytes: limits.bodyBytes, extraBytes: limits.headBytes });
    if (declared === 0) this.#whole = EMPTY;
  }

  /** Takes what belongs to the body from the input. Returns the body once it is complete, or why it is refused. */
  read(input: Input): Buffer | Reason | undefined {
    if (this.#whole !== undefined) return this.#whole;
    return this.#decoder === undefined ? this.#readCounted(input) : this.#readChunks(this.#decoder, input);
  }

  #readCounted(input: Input): Buffer | undefined {
    const missing = this.#expected - this.#gather.length;
    const { bytes, start } = input;
    if (this.#gather.length === 0 && input.length >= missing) {
      input.start += missing;
      return bytes.subarray(start, start + missing);
    }
    const size = Math.min(missing, input.length);
    this.#gather.append(bytes, start, start + size);
    input.start += size;
    return size === missing ? this.#gather.take() : undefined;
  }

  #readChunks(decoder: ChunkedDecoder, input: Input): Buffer | Reason | undefined {
    input.start = decoder.feed(input.bytes, input.start, input.end, this.#gather);
    if (decoder.failure !== undefined) return REASONS[decoder.failure];
    return decoder.done ? this.#gather.take() : undefined;
  }
}
