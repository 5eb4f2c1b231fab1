import { type PortId, parsePortId } from '../identity/port-id.ts';

/** The port ids of a daemon: slots in the per-port BPF arrays. */
export class Slots {
  readonly #used = new Set<number>();
  readonly #max: number;
  #next = 0;

  /** @param max how many slots the maps have */
  constructor(max: number) {
    this.#max = max;
  }

  /** A free slot, or undefined when there is none. The slot given back last is the last to be used again. */
  take(): PortId | undefined {
    if (this.#used.size === this.#max) return undefined;
    while (this.#used.has(this.#next)) this.#next = (this.#next + 1) % this.#max;
    const slot = this.#next;
    this.#used.add(slot);
    this.#next = (slot + 1) % this.#max;
    return parsePortId(slot);
  }

  /** Takes a slot that a port has already. */
  occupy(id: PortId): void {
    this.#used.add(id);
  }

  giveBack(id: PortId): void {
    this.#used.delete(id);
  }
}
