import { type MacAddress, macAddressFromBytes } from '../identity/mac-address.ts';
import type { BreachHandler } from '../link/front-breach.ts';
import {
  FRONT_CLIENT_ADDRESS_AT,
  FRONT_CLIENT_ADDRESS_BYTES,
  FRONT_CLIENT_ADDRESS_LEN_WORD,
  FRONT_CLIENT_BYTES,
  FRONT_CLIENT_FD_WORD,
  FRONT_CLIENT_MAC_AT,
  FRONT_CLIENT_MAC_LEN_WORD,
  FRONT_CLIENT_PORT_ID_WORD,
  FRONT_CLIENT_PORT_WORD,
  FRONT_CLIENT_WORDS,
  FRONT_RECORD_ERROR_WORD,
  FRONT_RECORD_GENERATION_WORD,
  FRONT_RECORD_KIND,
  FRONT_RECORD_KIND_WORD,
  FRONT_RECORD_LENGTH_WORD,
  FRONT_RECORD_PORT_ID_WORD,
  FRONT_RECORD_SEQUENCE_WORD,
  FRONT_RECORD_SLOT_WORD,
  FRONT_RECORD_START_WORD,
  FRONT_RECORD_WORDS,
  FRONT_RING_DONE_WORD,
  FRONT_RING_IDLE_WORD,
  FRONT_RING_READ_WORD,
  FRONT_RING_STARVED_WORD,
  FRONT_RING_WORDS,
  FRONT_RING_WRITTEN_WORD,
  FRONT_SIZE,
  MS_MAC_BYTES,
} from './layout.gen.ts';

const { MS_FRONT_BYTES, MS_FRONT_READ_BYTES, MS_FRONT_RECORDS } = FRONT_SIZE;
const { MS_FRONT_ACCEPTED, MS_FRONT_DATA, MS_FRONT_REFUSED, MS_FRONT_ACCEPT_FAILED } = FRONT_RECORD_KIND;

const PORT_MAX = 65_535;

/** The three mappings in which the front's thread writes. */
export interface RingMemory {
  /** `struct ms_front_ring` and its records. */
  readonly ring: Buffer;
  /** What peers sent. */
  readonly bytes: Buffer;
  /** One `struct ms_front_client` for each slot. */
  readonly clients: Buffer;
}

/** Hears of a record whose form is right. Its bytes, which begin at `start`, are good during the call; `record` finds the rest of it. */
export type RecordTaker = (
  kind: number,
  slot: number,
  generation: number,
  start: number,
  length: number,
  record: number,
) => void;

/**
 * The reading end of the ring in which the front's thread reports what it did (`struct ms_front_record`). It believes nothing: a
 * record that cannot be is a breach.
 */
export class FrontRing {
  readonly #words: Int32Array;
  readonly #bytes: Buffer;
  readonly #clients: Buffer;
  readonly #clientWords: Int32Array;
  readonly #breach: BreachHandler;
  /** Records taken, ever; 32 bits of it. */
  #read = 0;
  /** Where the last bytes ended. */
  #end = 0;
  #isTaking = false;

  constructor({ ring, bytes, clients }: RingMemory, breach: BreachHandler) {
    this.#words = wordsOf(ring);
    this.#bytes = bytes;
    this.#clients = clients;
    this.#clientWords = wordsOf(clients);
    this.#breach = breach;
  }

  /** Batches of operations that were carried out, ever; 32 bits of it. */
  get done(): number {
    return Atomics.load(this.#words, FRONT_RING_DONE_WORD);
  }

  /** Whether `take` is under way, and another call of it would take nothing. */
  get isTaking(): boolean {
    return this.#isTaking;
  }

  /**
   * Takes the records that are there now. Returns how many.
   *
   * @param settle takes what came of operations: those of before a record, such as the connecting it is about, first
   */
  take(taker: RecordTaker, settle: () => void): number {
    if (this.#isTaking) return 0;
    this.#isTaking = true;
    const written = Atomics.load(this.#words, FRONT_RING_WRITTEN_WORD);
    settle();
    const count = (written - this.#read) >>> 0;
    if (count > MS_FRONT_RECORDS) this.#breach('ring-positions');
    for (let left = count; left > 0; left -= 1) this.#takeNext(taker);
    if (count > 0) Atomics.store(this.#words, FRONT_RING_READ_WORD, this.#read);
    this.#isTaking = false;
    return count;
  }

  #takeNext(taker: RecordTaker): void {
    const words = this.#words;
    const record = FRONT_RING_WORDS + (this.#read & (MS_FRONT_RECORDS - 1)) * FRONT_RECORD_WORDS;
    const kind = words[record + FRONT_RECORD_KIND_WORD] ?? 0;
    const start = words[record + FRONT_RECORD_START_WORD] ?? 0;
    const length = words[record + FRONT_RECORD_LENGTH_WORD] ?? 0;
    if (words[record + FRONT_RECORD_SEQUENCE_WORD] !== this.#read) this.#breach('record-sequence');
    if (kind < MS_FRONT_ACCEPTED || kind > MS_FRONT_ACCEPT_FAILED) this.#breach('record-kind');
    if (kind === MS_FRONT_DATA) this.#checkBytes(start, length);
    else if (length !== 0) this.#breach('record-length');
    this.#checkExcess(record, kind, start);
    this.#read = (this.#read + 1) | 0;
    const slot = words[record + FRONT_RECORD_SLOT_WORD] ?? 0;
    taker(kind, slot, words[record + FRONT_RECORD_GENERATION_WORD] ?? 0, start, length, record);
  }

  /** Bytes go on where the last ones ended, or from the beginning where the next read would not fit in. */
  #checkBytes(start: number, length: number): void {
    if (length < 1 || length > MS_FRONT_READ_BYTES) this.#breach('record-length');
    const expected = MS_FRONT_BYTES - this.#end < MS_FRONT_READ_BYTES ? 0 : this.#end;
    if (start !== expected) this.#breach('record-start');
    this.#end = start + length;
  }

  /** What a kind does not say is 0. */
  #checkExcess(record: number, kind: number, start: number): void {
    const isOfPort = kind >= MS_FRONT_REFUSED;
    const port = isOfPort ? 0 : (this.#words[record + FRONT_RECORD_PORT_ID_WORD] ?? 0);
    const error = kind === MS_FRONT_ACCEPT_FAILED ? 0 : (this.#words[record + FRONT_RECORD_ERROR_WORD] ?? 0);
    const place = kind === MS_FRONT_DATA ? 0 : start;
    const slot = isOfPort ? (this.#words[record + FRONT_RECORD_SLOT_WORD] ?? 0) : 0;
    if ((port | error | place | slot) !== 0) this.#breach('record-excess');
  }

  /**
   * Asks to be woken by the next record, and when operations were carried out. Returns false when that has come already.
   *
   * @param settled as many of `done` are known
   */
  sleep(settled: number): boolean {
    Atomics.store(this.#words, FRONT_RING_IDLE_WORD, 1);
    if (Atomics.load(this.#words, FRONT_RING_WRITTEN_WORD) === this.#read && this.done === settled) return true;
    Atomics.store(this.#words, FRONT_RING_IDLE_WORD, 0);
    return false;
  }

  /** Whether the front waits for room. Asked once, the answer is no until it waits again. */
  isStarved(): boolean {
    const words = this.#words;
    return (
      Atomics.load(words, FRONT_RING_STARVED_WORD) !== 0 && Atomics.exchange(words, FRONT_RING_STARVED_WORD, 0) !== 0
    );
  }

  /** A copy of what the record that is being taken brought. */
  copy(start: number, length: number): Buffer {
    const copied = Buffer.allocUnsafe(length);
    this.#bytes.copy(copied, 0, start, start + length);
    return copied;
  }

  /** The port that a record is about. */
  portId(record: number): number {
    return (this.#words[record + FRONT_RECORD_PORT_ID_WORD] ?? 0) >>> 0;
  }

  /** The errno of a record. */
  error(record: number): number {
    return this.#words[record + FRONT_RECORD_ERROR_WORD] ?? 0;
  }

  /** The client of a slot, as the kernel describes it. */
  client(slot: number): {
    readonly portId: number;
    readonly fd: number;
    readonly port: number;
    readonly address: string;
  } {
    const words = this.#clientWords;
    const client = slot * FRONT_CLIENT_WORDS;
    const fd = words[client + FRONT_CLIENT_FD_WORD] ?? -1;
    const port = words[client + FRONT_CLIENT_PORT_WORD] ?? 0;
    const length = words[client + FRONT_CLIENT_ADDRESS_LEN_WORD] ?? 0;
    if (fd < 1 || port < 0 || port > PORT_MAX) this.#breach('client');
    if (length < 0 || length > FRONT_CLIENT_ADDRESS_BYTES) this.#breach('client');
    const at = slot * FRONT_CLIENT_BYTES + FRONT_CLIENT_ADDRESS_AT;
    const address = this.#clients.toString('latin1', at, at + length);
    return { portId: (words[client + FRONT_CLIENT_PORT_ID_WORD] ?? 0) >>> 0, fd, port, address };
  }

  /** The MAC address that the SYN of a slot's client came from; undefined when the kernel kept none. Good while it is open. */
  readonly macOf = (slot: number): MacAddress | undefined => {
    const length = this.#clientWords[slot * FRONT_CLIENT_WORDS + FRONT_CLIENT_MAC_LEN_WORD] ?? 0;
    if (length === 0) return undefined;
    if (length !== MS_MAC_BYTES) this.#breach('client');
    const at = slot * FRONT_CLIENT_BYTES + FRONT_CLIENT_MAC_AT;
    return macAddressFromBytes(this.#clients.subarray(at, at + length));
  };
}

/** Memory in words of 32 bits. */
export function wordsOf(memory: Buffer): Int32Array {
  return new Int32Array(memory.buffer, memory.byteOffset, memory.length >> 2);
}
