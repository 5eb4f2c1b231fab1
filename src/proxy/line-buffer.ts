const ROOM_BYTES_MIN = 1024;

/** The beginning of a line whose end has not come: one piece of memory of bounded size, however many pieces it came in. */
export class LineBuffer {
  readonly #bytesMax: number;
  #room = Buffer.alloc(0);
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get isEmpty(): boolean {
    return this.#bytes === 0;
  }

  /** Adds a piece, or as much of it as there may be: false where that is not all of it. */
  add(piece: Buffer): boolean {
    const bytes = Math.min(this.#bytes + piece.length, this.#bytesMax);
    if (bytes > this.#room.length) {
      const room = Buffer.alloc(Math.min(this.#bytesMax, Math.max(2 * bytes, ROOM_BYTES_MIN)));
      this.#room.copy(room, 0, 0, this.#bytes);
      this.#room = room;
    }
    const left = bytes - this.#bytes;
    piece.copy(this.#room, this.#bytes, 0, left);
    this.#bytes = bytes;
    return left === piece.length;
  }

  /** Gives what there is, and begins anew. */
  take(): Buffer {
    const taken = this.#room.subarray(0, this.#bytes);
    this.#room = Buffer.alloc(0);
    this.#bytes = 0;
    return taken;
  }
}
