import type { BreachHandler } from '../link/front-breach.ts';
import type { FrontLink } from './front-link.ts';
import { wordsOf } from './front-ring.ts';
import {
  FRONT_OP_GENERATION_WORD,
  FRONT_OP_KIND,
  FRONT_OP_KIND_WORD,
  FRONT_OP_LENGTH_WORD,
  FRONT_OP_RESULT_WORD,
  FRONT_OP_SEEN_WORD,
  FRONT_OP_SLOT_WORD,
  FRONT_OP_START_WORD,
  FRONT_OP_WORDS,
  FRONT_SIZE,
} from './layout.gen.ts';

const { MS_FRONT_BATCHES, MS_FRONT_OPS, MS_FRONT_OP_BYTES } = FRONT_SIZE;
const { MS_FRONT_CONNECT, MS_FRONT_SEND_LAST } = FRONT_OP_KIND;
const BATCH_MASK = MS_FRONT_BATCHES - 1;
/** Of one operation; half of what a batch takes, so that two fit in. */
export const OP_BYTES_MAX = MS_FRONT_OP_BYTES / 2;
/** The kernel's errors, negated, are no smaller. */
const ERROR_MIN = -4095;

/** The two mappings in which operations are collected. */
export interface OpsMemory {
  /** `struct ms_front_op`, of all batches. */
  readonly ops: Buffer;
  /** What is to be sent. */
  readonly opBytes: Buffer;
}

/** Puts an operation on a link among those that are carried out next; `link.carriedOut` says what came of it. */
export type Carry = (link: FrontLink, kind: number, bytes: Buffer | undefined) => void;

/** Operations that are carried out together: for each its link, its kind and its bytes. What the shared memory says of them is not read back. */
class Batch {
  links: FrontLink[] = [];
  kinds: number[] = [];
  bytes: (Buffer | undefined)[] = [];
}

/** What came of an operation, where it matters to its link. */
interface Outcome {
  readonly link: FrontLink;
  readonly kind: number;
  readonly length: number;
  readonly result: number;
}

const NONE: readonly Outcome[] = [];

/** How operations get to the front. */
export interface OpsCarrier {
  /** Has `flush` called at the end of the turn. */
  readonly schedule: () => void;
  /** Has the front carry out that many operations, now or soon. */
  readonly submit: (count: number) => void;
  /** Batches carried out, ever; 32 bits of it. */
  readonly done: () => number;
  /** Hears of a link to the agent that was given a slot. */
  readonly placed: (link: FrontLink, slot: number, generation: number) => void;
  /** Hears of a link that is closed. */
  readonly left: (link: FrontLink) => void;
  readonly breach: BreachHandler;
}

/** Operations on connections (`struct ms_front_op`), collected for one call of ms_front_submit. */
export class FrontOps {
  readonly #words: Int32Array;
  readonly #opBytes: Buffer;
  readonly #carrier: OpsCarrier;
  readonly #batches = Array.from({ length: MS_FRONT_BATCHES }, () => new Batch());
  #filling = this.#batches[0] as Batch;
  /** Where the batch that is being filled begins, in words and in bytes to send. */
  #baseWord = 0;
  #baseByte = 0;
  #count = 0;
  #length = 0;
  /** Batches submitted, ever; 32 bits of it. */
  #submitted = 0;
  #settled = 0;

  constructor({ ops, opBytes }: OpsMemory, carrier: OpsCarrier) {
    this.#words = wordsOf(ops);
    this.#opBytes = opBytes;
    this.#carrier = carrier;
  }

  /** Batches of which the results are known; 32 bits of it. */
  get settled(): number {
    return this.#settled;
  }

  readonly carry: Carry = (link, kind, bytes) => {
    const length = bytes === undefined ? 0 : bytes.length;
    if (this.#count === MS_FRONT_OPS || this.#length + length > MS_FRONT_OP_BYTES) this.flush();
    if (this.#count === 0) this.#carrier.schedule();
    const words = this.#words;
    const word = this.#baseWord + this.#count * FRONT_OP_WORDS;
    words[word + FRONT_OP_KIND_WORD] = kind;
    words[word + FRONT_OP_SLOT_WORD] = link.slot;
    words[word + FRONT_OP_GENERATION_WORD] = link.generation;
    words[word + FRONT_OP_START_WORD] = this.#length;
    words[word + FRONT_OP_LENGTH_WORD] = length;
    words[word + FRONT_OP_SEEN_WORD] = link.seen;
    if (bytes !== undefined) this.#opBytes.set(bytes, this.#baseByte + this.#length);
    this.#length += length;
    this.#count += 1;
    this.#filling.links.push(link);
    this.#filling.kinds.push(kind);
    this.#filling.bytes.push(bytes);
  };

  /** Has carried out what was collected, and tells the links what came of what was carried out by now. */
  flush(): void {
    if (this.#count === 0) {
      this.settle();
      return;
    }
    this.#carrier.submit(this.#count);
    this.#submitted = (this.#submitted + 1) | 0;
    // The next one is free when its results are known: there are never more under way than there are others.
    const outcomes = this.#outcomes();
    const next = this.#submitted & BATCH_MASK;
    this.#filling = this.#batches[next] as Batch;
    this.#baseWord = next * MS_FRONT_OPS * FRONT_OP_WORDS;
    this.#baseByte = next * MS_FRONT_OP_BYTES;
    this.#count = 0;
    this.#length = 0;
    this.#tell(outcomes);
  }

  /** Tells the links what came of what was carried out by now: first all results, then what follows from them. */
  readonly settle = (): void => this.#tell(this.#outcomes());

  #tell(outcomes: readonly Outcome[]): void {
    for (const { link, kind, length, result } of outcomes) {
      link.afterwards(kind, length, result);
      if (!link.isOpen) this.#carrier.left(link);
    }
  }

  /** Of batches that were carried out, what is to be told. */
  #outcomes(): readonly Outcome[] {
    const done = this.#carrier.done();
    if (this.#settled === done) return NONE;
    const underWay = (this.#submitted - this.#settled) >>> 0;
    if ((done - this.#settled) >>> 0 > underWay) this.#carrier.breach('ring-positions');
    const outcomes: Outcome[] = [];
    while (this.#settled !== done) {
      this.#addOutcomes(this.#settled & BATCH_MASK, outcomes);
      this.#settled = (this.#settled + 1) | 0;
    }
    return outcomes;
  }

  #addOutcomes(index: number, outcomes: Outcome[]): void {
    const batch = this.#batches[index] as Batch;
    const { links, kinds, bytes } = batch;
    batch.links = [];
    batch.kinds = [];
    batch.bytes = [];
    const words = this.#words;
    let word = index * MS_FRONT_OPS * FRONT_OP_WORDS;
    links.forEach((link, nth) => {
      const kind = kinds[nth] ?? 0;
      const length = bytes[nth]?.length ?? 0;
      const result = words[word + FRONT_OP_RESULT_WORD] ?? 0;
      if (result < ERROR_MIN || result > resultMax(kind, length)) this.#carrier.breach('op-result');
      if (kind === MS_FRONT_CONNECT && result === 0) {
        const [slot, generation] = [words[word + FRONT_OP_SLOT_WORD], words[word + FRONT_OP_GENERATION_WORD]];
        this.#carrier.placed(link, slot ?? -1, generation ?? 0);
      }
      word += FRONT_OP_WORDS;
      if (link.carriedOut(bytes[nth], result)) outcomes.push({ link, kind, length, result });
      else if (!link.isOpen) this.#carrier.left(link);
    });
  }
}

/** Everything is taken, and for the last bytes of a connection, it is closed. */
function resultMax(kind: number, length: number): number {
  return kind === MS_FRONT_SEND_LAST ? length + 1 : length;
}
