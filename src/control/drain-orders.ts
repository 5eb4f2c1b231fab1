import { MetasteerError } from '../errors.ts';
import { type Drained, type DrainTarget, isTarget, parseTarget, targetText } from './drained.ts';
import type { History } from './history.ts';
import type { Reconciler } from './reconcile.ts';

/** What came of `metasteer drain`. */
export interface DrainReport {
  readonly target: string;
  /** Ports that are no longer steered. */
  readonly ports: number;
  /** Connections that were still open at the end of `steering.drain`. */
  readonly connections_cut: number;
}

/** Has owners and ports be steered no more, and again, as operators say. */
export class DrainOrders {
  readonly #drained: Drained;
  readonly #reconciler: Reconciler;
  readonly #history: History;

  constructor(drained: Drained, reconciler: Reconciler, history: History) {
    this.#drained = drained;
    this.#reconciler = reconciler;
    this.#history = history;
  }

  /**
   * Steers a target no more until it is undrained; resolves when what was open there has ended.
   *
   * @param text as in `parseTarget`
   * @throws {MetasteerError} `drain-target-unknown`
   */
  async drain(text: string | undefined): Promise<DrainReport> {
    const target = this.#parse(text);
    const name = targetText(target);
    if (target.kind !== 'all' && !this.#reconciler.found.some((found) => isTarget(target, found)))
      throw new MetasteerError('drain-target-unknown', `${name} is not on this node`);
    this.#drained.add(target);
    const ports = this.#reconciler.ports.filter((port) => isTarget(target, port.found));
    this.#history.note('info', `draining ${name}, as asked: ${ports.length} ports`);
    const cuts = await Promise.all(ports.map((port) => this.#reconciler.letGo(port)));
    this.#reconciler.lookAgain();
    const cut = cuts.reduce((total, count) => total + count, 0);
    this.#history.note('info', `drained ${name}: ${ports.length} ports, ${cut} connections were cut`);
    return { target: name, ports: ports.length, connections_cut: cut };
  }

  /** Takes it back. @throws {MetasteerError} `drain-target-unknown` when it is not drained */
  undrain(text: string | undefined): { readonly target: string } {
    const target = this.#parse(text);
    this.#drained.remove(target);
    this.#reconciler.lookAgain();
    this.#history.note('info', `steering ${targetText(target)} again, as asked`);
    return { target: targetText(target) };
  }

  #parse(text: string | undefined): DrainTarget {
    return parseTarget(text, (number) => this.#reconciler.ports.find(({ id }) => id === number)?.found);
  }
}
