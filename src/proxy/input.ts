const EMPTY = Buffer.alloc(0);
const FIRST_BYTES = 1024;

/**
 * Bytes that came from a socket and are not parsed yet: `bytes` from `start` to `end`.
 *
 * A chunk that arrives when nothing is left over is used as it is. Parsed bytes are never written over, so offsets into
 * `bytes` stay good for whoever keeps that buffer.
 */
export class Input {
  bytes: Buffer = EMPTY;
  start = 0;
  end = 0;
  #owned = false;

  get length(): number {
    return this.end - this.start;
  }

  push(chunk: Buffer): void {
    if (this.start === this.end) {
      this.bytes = chunk;
      this.start = 0;
      this.end = chunk.length;
      this.#owned = false;
      return;
    }
    this.#reserve(chunk.length);
    this.end += chunk.copy(this.bytes, this.end);
  }

  /** Forgets everything, so that no buffer is kept alive. */
  clear(): void {
    this.bytes = EMPTY;
    this.start = 0;
    this.end = 0;
    this.#owned = false;
  }

  #reserve(more: number): void {
    if (this.#owned && this.end + more <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, 2 * (this.length + more)));
    this.end = this.bytes.copy(grown, 0, this.start, this.end);
    this.start = 0;
    this.bytes = grown;
    this.#owned = true;
  }
}

/** Bytes collected piece by piece into one growing buffer. */
export class Gather {
  #bytes: Buffer = EMPTY;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  append(source: Buffer, from: number, to: number): void {
    const needed = this.#length + to - from;
    if (needed > this.#bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, 2 * needed));
      this.#bytes.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    source.copy(this.#bytes, this.#length, from, to);
    this.#length = needed;
  }

  /** What was collected, as a view: good until the next `append`. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** What was collected, given away: the next `append` starts with a new buffer. */
  take(): Buffer {
    const taken = this.view();
    this.#bytes = EMPTY;
    this.#length = 0;
    return taken;
  }
}
