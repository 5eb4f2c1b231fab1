import type { Carry, FrontLink } from './front-link.ts';
import { FRONT_OP_BYTES, FRONT_OP_KIND } from './layout.gen.ts';

/** A power of two: those of which the results are awaited, and the one that is being filled. */
export const BATCHES = 4;
const BATCH_MASK = BATCHES - 1;
/** Of one batch, which is carried out when it is full, else at the end of the turn. */
export const OPS_BYTES = 131_072;
/** Of one operation. */
export const OP_BYTES_MAX = 65_536;
/** Members of `struct ms_front_op`, in words of 32 bits. */
const SLOT = 1;
const GENERATION = 2;
const LENGTH = 3;
const RESULT = 4;
const SEEN = 5;

/** Operations that are carried out together: for each its link and its bytes. */
class Batch {
  links: FrontLink[] = [];
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
  /** Has the front carry out that many bytes of that many operations, now or soon. */
  readonly submit: (length: number, count: number) => void;
  /** Batches carried out, ever; 32 bits of it. */
  readonly done: () => number;
  /** Hears of links that were given a slot. */
  readonly placed: (link: FrontLink) => void;
}

/** Operations on connections (`struct ms_front_op`), collected for one call of ms_front_submit. */
export class FrontOps {
  /** To be handed to ms_front_open. */
  readonly memory = Buffer.allocUnsafeSlow(BATCHES * OPS_BYTES);
  readonly #words = new Int32Array(this.memory.buffer, this.memory.byteOffset, this.memory.length >> 2);
  readonly #carrier: OpsCarrier;
  readonly #batches = Array.from({ length: BATCHES }, () => new Batch());
  #filling = this.#batches[0] as Batch;
  /** Where the batch that is being filled begins in the memory. */
  #base = 0;
  #length = 0;
  #submitted = 0;
  #settled = 0;

  constructor(carrier: OpsCarrier) {
    this.#carrier = carrier;
  }

  /** Batches of which the results are known; 32 bits of it. */
  get settled(): number {
    return this.#settled;
  }

  readonly carry: Carry = (link, kind, bytes) => {
    const length = bytes === undefined ? 0 : bytes.length;
    const needed = FRONT_OP_BYTES + ((length + 7) & ~7);
    if (this.#length + needed > OPS_BYTES) this.flush();
    if (this.#length === 0) this.#carrier.schedule();
    const words = this.#words;
    const at = this.#base + this.#length;
    const word = at >> 2;
    words[word] = kind;
    words[word + SLOT] = link.slot;
    words[word + GENERATION] = link.generation;
    words[word + LENGTH] = length;
    words[word + SEEN] = link.seen;
    if (bytes !== undefined) this.memory.set(bytes, at + FRONT_OP_BYTES);
    this.#length += needed;
    this.#filling.links.push(link);
    this.#filling.bytes.push(bytes);
  };

  /** Has carried out what was collected, and tells the links what came of what was carried out by now. */
  flush(): void {
    if (this.#length === 0) {
      this.settle();
      return;
    }
    this.#carrier.submit(this.#length, this.#filling.links.length);
    // The next one is free when its results are known: there are never more under way than there are others.
    const outcomes = this.#outcomes();
    this.#submitted = (this.#submitted + 1) & BATCH_MASK;
    this.#filling = this.#batches[this.#submitted] as Batch;
    this.#base = this.#submitted * OPS_BYTES;
    this.#length = 0;
    tell(outcomes);
  }

  /** Tells the links what came of what was carried out by now: first all results, then what follows from them. */
  readonly settle = (): void => tell(this.#outcomes());

  /** Of batches that were carried out, what is to be told. */
  #outcomes(): readonly Outcome[] {
    const done = this.#carrier.done();
    if (this.#settled === done) return NONE;
    const outcomes: Outcome[] = [];
    while (this.#settled !== done) {
      this.#addOutcomes(this.#settled & BATCH_MASK, outcomes);
      this.#settled = (this.#settled + 1) | 0;
    }
    return outcomes;
  }

  #addOutcomes(index: number, outcomes: Outcome[]): void {
    const batch = this.#batches[index] as Batch;
    const { links, bytes } = batch;
    batch.links = [];
    batch.bytes = [];
    const words = this.#words;
    let word = (index * OPS_BYTES) >> 2;
    links.forEach((link, nth) => {
      const kind = words[word] ?? 0;
      const length = words[word + LENGTH] ?? 0;
      const result = words[word + RESULT] ?? 0;
      if (kind === FRONT_OP_KIND.MS_FRONT_CONNECT && result === 0) {
        link.slot = words[word + SLOT] ?? -1;
        link.generation = words[word + GENERATION] ?? 0;
        this.#carrier.placed(link);
      }
      word += (FRONT_OP_BYTES + ((length + 7) & ~7)) >> 2;
      if (link.carriedOut(bytes[nth], result)) outcomes.push({ link, kind, length, result });
    });
  }
}

function tell(outcomes: readonly Outcome[]): void {
  for (const { link, kind, length, result } of outcomes) link.afterwards(kind, length, result);
}
