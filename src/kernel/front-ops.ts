import type { Carry, FrontLink } from './front-link.ts';
import { FRONT_OP_BYTES, FRONT_OP_KIND } from './layout.gen.ts';

/** A buffer of them is carried out when it is full, else at the end of the turn. */
const OPS_BYTES = 131_072;
/** Of one operation. */
export const OP_BYTES_MAX = 65_536;
/** Members of `struct ms_front_op`, in words of 32 bits. */
const SLOT = 1;
const GENERATION = 2;
const LENGTH = 3;
const RESULT = 4;
const SEEN = 5;

/** Operations on connections (`struct ms_front_op`), collected for one call of ms_front_submit. */
export class FrontOps {
  /** To be handed to ms_front_open. */
  readonly memory = Buffer.allocUnsafeSlow(OPS_BYTES);
  readonly #words = new Int32Array(this.memory.buffer, this.memory.byteOffset, OPS_BYTES >> 2);
  readonly #schedule: () => void;
  readonly #submit: (length: number) => void;
  readonly #placed: (link: FrontLink) => void;
  #length = 0;
  /** For each operation its link and its bytes. */
  #links: FrontLink[] = [];
  #bytes: (Buffer | undefined)[] = [];

  /**
   * @param schedule has `flush` called at the end of the turn
   * @param submit has the front carry out that many bytes of operations
   * @param placed hears of links that were given a slot
   */
  constructor(schedule: () => void, submit: (length: number) => void, placed: (link: FrontLink) => void) {
    this.#schedule = schedule;
    this.#submit = submit;
    this.#placed = placed;
  }

  readonly carry: Carry = (link, kind, bytes) => {
    const length = bytes === undefined ? 0 : bytes.length;
    const needed = FRONT_OP_BYTES + ((length + 7) & ~7);
    if (this.#length + needed > OPS_BYTES) this.flush();
    if (this.#length === 0) this.#schedule();
    const words = this.#words;
    const word = this.#length >> 2;
    words[word] = kind;
    words[word + 1] = link.slot;
    words[word + 2] = link.generation;
    words[word + 3] = length;
    words[word + SEEN] = link.seen;
    if (bytes !== undefined) this.memory.set(bytes, this.#length + FRONT_OP_BYTES);
    this.#length += needed;
    this.#links.push(link);
    this.#bytes.push(bytes);
  };

  /** Carries out what was collected, and tells the links what came of it: first all results, then what follows from them. */
  flush(): void {
    if (this.#length === 0) return;
    this.#submit(this.#length);
    const links = this.#links;
    const chunks = this.#bytes;
    this.#links = [];
    this.#bytes = [];
    this.#length = 0;
    const matters: { link: FrontLink; kind: number; length: number; result: number }[] = [];
    let at = 0;
    links.forEach((link, index) => {
      const bytes = chunks[index];
      const word = at >> 2;
      const kind = this.#words[word] ?? 0;
      const length = this.#words[word + LENGTH] ?? 0;
      const result = this.#words[word + RESULT] ?? 0;
      at += FRONT_OP_BYTES + ((length + 7) & ~7);
      if (kind === FRONT_OP_KIND.MS_FRONT_CONNECT && result === 0) {
        link.slot = this.#words[word + SLOT] ?? -1;
        link.generation = this.#words[word + GENERATION] ?? 0;
        this.#placed(link);
      }
      if (link.carriedOut(bytes, result)) matters.push({ link, kind, length, result });
    });
    for (const { link, kind, length, result } of matters) link.afterwards(kind, length, result);
  }
}
