import { FRONT_RECORD_BYTES, FRONT_RECORD_KIND, FRONT_RING_BYTES } from './layout.gen.ts';

/** Members of `struct ms_front_ring`, in words of 32 bits. */
const WRITTEN = 0;
const READ = 1;
const IDLE = 2;
const STARVED = 3;
const DONE = 4;

/** Hears of a record; its bytes begin `at` and are good during the call. */
export type RecordTaker = (kind: number, slot: number, generation: number, at: number, length: number) => void;

/** The reading end of the ring in which the front's thread tells what it did (`struct ms_front_record`). */
export class FrontRing {
  /** To be handed to ms_front_open. */
  readonly memory: Buffer;
  readonly #words: Int32Array;
  readonly #mask: number;
  #isTaking = false;

  /** @param bytes a power of two */
  constructor(bytes: number) {
    this.memory = Buffer.allocUnsafeSlow(FRONT_RING_BYTES + bytes).fill(0);
    this.#words = new Int32Array(this.memory.buffer, this.memory.byteOffset, this.memory.length >> 2);
    this.#mask = bytes - 1;
    this.#words[IDLE] = 1;
  }

  /** Batches of operations that were carried out, ever; 32 bits of it. */
  get done(): number {
    return Atomics.load(this.#words, DONE);
  }

  /**
   * Takes the records that are there now. Returns how many.
   *
   * @param settle takes what came of operations: those of before a record, such as the connecting of what it tells of, first
   */
  take(taker: RecordTaker, settle: () => void): number {
    if (this.#isTaking) return 0;
    this.#isTaking = true;
    const words = this.#words;
    const written = Atomics.load(words, WRITTEN);
    settle();
    let read = words[READ] ?? 0;
    let count = 0;
    while (read !== written) {
      const offset = read & this.#mask;
      const toEnd = this.#mask + 1 - offset;
      if (toEnd < FRONT_RECORD_BYTES) {
        read = (read + toEnd) | 0;
        continue;
      }
      const at = FRONT_RING_BYTES + offset;
      const word = at >> 2;
      const kind = words[word] ?? 0;
      const length = words[word + 3] ?? 0;
      read = (read + FRONT_RECORD_BYTES + ((length + 7) & ~7)) | 0;
      if (kind === FRONT_RECORD_KIND.MS_FRONT_SKIP) continue;
      count += 1;
      taker(kind, words[word + 1] ?? 0, words[word + 2] ?? 0, at + FRONT_RECORD_BYTES, length);
    }
    Atomics.store(words, READ, read);
    this.#isTaking = false;
    return count;
  }

  /**
   * Asks to be woken by the next record, and when operations were carried out. Returns false when that has come already.
   *
   * @param settled as many of `done` are known
   */
  sleep(settled: number): boolean {
    Atomics.store(this.#words, IDLE, 1);
    if (Atomics.load(this.#words, WRITTEN) === this.#words[READ] && this.done === settled) return true;
    Atomics.store(this.#words, IDLE, 0);
    return false;
  }

  /** Whether the front waits for room. Asked once, the answer is no until it waits again. */
  isStarved(): boolean {
    return Atomics.load(this.#words, STARVED) !== 0 && Atomics.exchange(this.#words, STARVED, 0) !== 0;
  }

  copy(at: number, length: number): Buffer {
    const copied = Buffer.allocUnsafe(length);
    this.memory.copy(copied, 0, at, at + length);
    return copied;
  }

  /** Members of the `struct ms_front_client` that begins there. */
  portId(at: number): number {
    return this.#words[at >> 2] ?? 0;
  }

  fd(at: number): number {
    return this.#words[(at >> 2) + 1] ?? -1;
  }

  port(at: number): number {
    return this.#words[(at >> 2) + 3] ?? 0;
  }

  address(at: number): string {
    return this.memory.toString('latin1', at + 16, at + 16 + (this.#words[(at >> 2) + 2] ?? 0));
  }
}
