import type { HistogramCounts } from '../metrics/histogram.ts';
import type { PortStatus, ProxyCounts, ProxyStatus, StatusRest } from '../proxy/messages.ts';

interface Question {
  /** The ports that it may still tell of. */
  readonly ports: Set<number>;
  readonly told: PortStatus[];
}

/** Puts a worker's accounts of itself together, each of which comes in parts: those that were asked for, one after the other. */
export class StatusAnswers {
  readonly #questions = new Map<number, Question>();
  #last: ProxyCounts | undefined;

  /** Those without an answer, also where nobody waits for it any more. */
  get open(): number {
    return this.#questions.size;
  }

  /** @param ports that the worker has when it answers */
  ask(request: number, ports: Iterable<number>): void {
    this.#questions.set(request, { ports: new Set(ports), told: [] });
  }

  /** Takes some of the ports. False where it may not say that: nobody asked, or of a port it has not or has told of. */
  take(request: number, ports: readonly PortStatus[]): boolean {
    const question = this.#next(request);
    if (question === undefined) return false;
    for (const port of ports) {
      if (!question.ports.delete(port.portId)) return false;
      question.told.push(port);
    }
    return true;
  }

  /** Takes the rest. Undefined where it may not say that: nobody asked, or it has counted back. */
  end(request: number, rest: StatusRest): ProxyStatus | undefined {
    const question = this.#next(request);
    if (question === undefined || (this.#last !== undefined && hasShrunk(this.#last, rest.counts))) return undefined;
    this.#questions.delete(request);
    this.#last = rest.counts;
    return { ...rest, ports: question.told };
  }

  /** Answers come in the order of the questions. */
  #next(request: number): Question | undefined {
    const [first] = this.#questions.keys();
    return first === request ? this.#questions.get(request) : undefined;
  }
}

function hasShrunk(before: ProxyCounts, now: ProxyCounts): boolean {
  const isLess = (name: 'accepted' | 'bytes') => now[name] < before[name];
  const isLessBy = (name: 'responses' | 'refused') =>
    Object.entries<number>(before[name]).some(([key, count]) => (Reflect.get(now[name], key) ?? 0) < count);
  const isLessIn = (name: 'total' | 'queue' | 'agent') => isLessTimes(before[name], now[name]);
  return (
    (['accepted', 'bytes'] as const).some(isLess) ||
    (['responses', 'refused'] as const).some(isLessBy) ||
    (['total', 'queue', 'agent'] as const).some(isLessIn)
  );
}

function isLessTimes(before: HistogramCounts, now: HistogramCounts): boolean {
  return now.sum < before.sum || before.counts.some((count, bucket) => (now.counts[bucket] ?? 0) < count);
}
