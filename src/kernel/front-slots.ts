import type { BreachHandler } from '../link/front-breach.ts';
import { FRONT_SIZE } from './layout.gen.ts';

const { MS_FRONT_GENERATIONS } = FRONT_SIZE;
const HALF = MS_FRONT_GENERATIONS / 2;

/** Which of the connections that have had a slot has it now, as far as this process knows: no record can be about a later one. */
export class SlotGenerations {
  readonly #known: Int32Array;
  readonly #agentSlots: number;
  readonly #breach: BreachHandler;

  /** @param agentSlots the first slots, for connections to the agent; the others are for clients */
  constructor(slots: number, agentSlots: number, breach: BreachHandler) {
    this.#known = new Int32Array(slots);
    this.#agentSlots = agentSlots;
    this.#breach = breach;
  }

  /** A client has the slot now: none was left out, because each is reported. */
  accepted(slot: number, generation: number): void {
    if (!(slot >= this.#agentSlots && slot < this.#known.length)) this.#breach('record-slot');
    if (generation !== ((this.#known[slot] ?? 0) % MS_FRONT_GENERATIONS) + 1) this.#breach('record-generation');
    this.#known[slot] = generation;
  }

  /** A connection to the agent has the slot now. Others may have failed to. */
  placed(slot: number, generation: number): void {
    const known = this.#known[slot] ?? 0;
    if (!(slot >= 0 && slot < this.#agentSlots)) this.#breach('op-result');
    if (!isGeneration(generation) || generation === known || distance(known, generation) > HALF)
      this.#breach('op-result');
    this.#known[slot] = generation;
  }

  /** Whether it is about the connection that has the slot, not about one before it. */
  isCurrent(slot: number, generation: number): boolean {
    const known = this.#known[slot];
    if (known === undefined) return this.#breach('record-slot');
    if (generation === known && known !== 0) return true;
    if (known === 0 || !isGeneration(generation) || distance(generation, known) > HALF)
      this.#breach('record-generation');
    return false;
  }
}

function isGeneration(value: number): boolean {
  return value >= 1 && value <= MS_FRONT_GENERATIONS;
}

/** How many connections later. */
function distance(from: number, to: number): number {
  return (to - from + MS_FRONT_GENERATIONS) % MS_FRONT_GENERATIONS;
}
