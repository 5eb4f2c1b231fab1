/** What happened between two statuses of the daemon, per second. */
import { droppedPackets } from '../control/drops.ts';
import type { HistogramDocument, PortStatusDocument, StatusDocument } from '../control/status-document.ts';

export interface TopFigures {
  /** Seconds between the two. */
  readonly seconds: number;
  readonly requestsPerSecond: number;
  /** Milliseconds; undefined when there were none. */
  readonly p50: number | undefined;
  readonly p99: number | undefined;
  readonly agentP99: number | undefined;
  readonly refusedPerSecond: number;
  readonly dropsPerSecond: number;
  readonly ports: readonly PortFigures[];
}

export interface PortFigures {
  readonly port: number | null;
  readonly owner: string;
  readonly interface: string;
  readonly state: PortStatusDocument['state'];
  readonly requests: number;
  readonly refused: number;
  readonly synsPerSecond: number;
  readonly drops: number;
  readonly connections: number;
  readonly neighbours: number;
}

/** @param seconds between the two; the first may be that of an earlier time, or the same: then all figures are zero */
export function topFigures(before: StatusDocument, now: StatusDocument, seconds: number): TopFigures {
  const former = new Map(before.ports.map((port) => [keyOf(port), port]));
  const rate = (more: number) => Math.max(0, more) / seconds;
  const { traffic } = now;
  return {
    seconds,
    requestsPerSecond: rate(responses(now) - responses(before)),
    p50: quantile(0.5, before.traffic.total_seconds, traffic.total_seconds),
    p99: quantile(0.99, before.traffic.total_seconds, traffic.total_seconds),
    agentP99: quantile(0.99, before.traffic.agent_seconds, traffic.agent_seconds),
    refusedPerSecond: rate(sum(traffic.refused) - sum(before.traffic.refused)),
    dropsPerSecond: rate(droppedPackets(traffic.packets) - droppedPackets(before.traffic.packets)),
    ports: now.ports.map((port) => {
      const then = former.get(keyOf(port));
      const since = (of: (each: PortStatusDocument) => number) => rate(of(port) - (then === undefined ? 0 : of(then)));
      return {
        ...{ port: port.port, owner: port.owner, interface: port.interface, state: port.state },
        ...{ connections: port.connections, neighbours: port.neighbours },
        requests: since((each) => each.requests),
        refused: since((each) => sum(each.refused)),
        synsPerSecond: since(({ counters }) => starting(counters, 'steer_syn')),
        drops: since(({ counters }) => droppedPackets(counters)),
      };
    }),
  };
}

/**
 * The time that so many requests did not exceed, in milliseconds: within its bucket as if they were spread evenly. Of the
 * last bucket only the lower end is known.
 */
function quantile(part: number, before: HistogramDocument, now: HistogramDocument): number | undefined {
  const counts = now.counts.map((count, index) => Math.max(0, count - (before.counts[index] ?? 0)));
  const total = counts.reduce((all, count) => all + count, 0);
  if (total === 0) return undefined;
  let below = 0;
  for (const [index, count] of counts.entries()) {
    if (count > 0 && below + count >= part * total) {
      const low = now.bounds[index - 1] ?? 0;
      const high = now.bounds[index] ?? low;
      return 1000 * (low + ((high - low) * (part * total - below)) / count);
    }
    below += count;
  }
  return undefined;
}

function keyOf({ port, namespace, interface: name }: PortStatusDocument): string {
  return `${port} ${namespace} ${name}`;
}

function responses({ traffic }: StatusDocument): number {
  return sum(traffic.responses);
}

function starting(packets: Readonly<Record<string, number>>, prefix: string): number {
  return sum(Object.fromEntries(Object.entries(packets).filter(([verdict]) => verdict.startsWith(prefix))));
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
