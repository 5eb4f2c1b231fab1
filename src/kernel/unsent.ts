/** Most connections never need a list. */
const NONE: Buffer[] = [];

/** Bytes of a connection that the kernel does not take now, in the order in which they were written. Bounded by who writes them. */
export class Unsent {
  #refused = NONE;
  #behind = NONE;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** They were offered and not taken. What was offered before them has been told by now. */
  addRefused(bytes: Buffer): void {
    if (this.#refused === NONE) this.#refused = [];
    this.#add(this.#refused, bytes);
  }

  /** They were not offered: others wait already. */
  addBehind(bytes: Buffer): void {
    if (this.#behind === NONE) this.#behind = [];
    this.#add(this.#behind, bytes);
  }

  /** All of them, to be offered again. */
  take(): readonly Buffer[] {
    if (this.#bytes === 0) return NONE;
    const chunks = [...this.#refused, ...this.#behind];
    this.#refused = NONE;
    this.#behind = NONE;
    this.#bytes = 0;
    return chunks;
  }

  #add(list: Buffer[], bytes: Buffer): void {
    this.#bytes += bytes.length;
    list.push(bytes);
  }
}
