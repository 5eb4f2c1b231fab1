import { DURATION_BOUNDS, type HistogramCounts } from '../metrics/histogram.ts';
import { RunningTotals } from '../metrics/totals.ts';
import type { ProxyStatus } from '../proxy/messages.ts';
import { droppedPackets } from './drops.ts';
import type { HistogramDocument, TrafficDocument } from './status-document.ts';
import type { WorkerReport } from './workers.ts';

const TIMES = ['total', 'queue', 'agent'] as const;
/** Stands for owners beyond the cap. */
export const OTHER_OWNERS = 'other';

/** What one owner's clients did. */
export interface OwnerTraffic {
  readonly requests: number;
  readonly refused: number;
  readonly connections: number;
  /** Packets dropped on the way in, as the BPF programs counted them. */
  readonly dropped: number;
}

/** Whose a port is, and what the BPF programs counted there. */
export interface OwnedPort {
  /** UUID. */
  readonly owner: string;
  /** By verdict, since the port has its slot. */
  readonly packets: () => Readonly<Record<string, number>>;
}

/**
 * Adds up what the workers count, over those that are gone too, as far as they told of it. Bounded: by the workers there
 * are, by the reasons of refuse.ts, and by the cap on owners.
 */
export class Traffic {
  readonly #totals = new RunningTotals();
  readonly #owners = new RunningTotals();
  readonly #ownersMax: number;
  /** Owners told apart, while they have a port; whoever comes when all places are taken is among the others. */
  readonly #named = new Set<string>();
  readonly #connections = new Map<string, number>();

  /** @param ownersMax owners told apart; 0: none are */
  constructor(ownersMax: number) {
    this.#ownersMax = ownersMax;
  }

  /** @param ports those there are, by their numbers; those that finish what is open among them */
  take(reports: readonly WorkerReport[], ports: ReadonlyMap<number, OwnedPort>): void {
    for (const { pid, status } of reports) {
      if (status !== undefined) this.#totals.take(String(pid), countsOf(status));
    }
    this.#totals.keepSources(new Set(reports.map(({ pid }) => String(pid))));
    if (this.#ownersMax > 0) this.#takeOwners(reports, ports);
  }

  /** Of requests; the packets are the BPF programs' to count. */
  document(): Omit<TrafficDocument, 'packets'> {
    const times = (name: (typeof TIMES)[number]): HistogramDocument => ({
      bounds: DURATION_BOUNDS,
      counts: [...DURATION_BOUNDS, Number.POSITIVE_INFINITY].map((bound) => this.#totals.get(`${name} ${bound}`)),
      sum: this.#totals.get(`${name} sum`),
    });
    return {
      connections: this.#totals.get('accepted'),
      requests: this.#totals.get('requests'),
      bytes: this.#totals.get('bytes'),
      responses: this.#totals.under('response '),
      refused: this.#totals.under('refused '),
      total_seconds: times('total'),
      queue_seconds: times('queue'),
      agent_seconds: times('agent'),
    };
  }

  /** By UUID, or `other`; empty when owners are not told apart. */
  owners(): ReadonlyMap<string, OwnerTraffic> {
    const names = this.#ownersMax === 0 ? [] : [...this.#named, OTHER_OWNERS];
    return new Map(
      names.map((name) => [
        name,
        {
          requests: this.#owners.get(`${name} requests`),
          refused: this.#owners.get(`${name} refused`),
          connections: this.#connections.get(name) ?? 0,
          dropped: this.#owners.get(`${name} dropped`),
        },
      ]),
    );
  }

  #takeOwners(reports: readonly WorkerReport[], known: ReadonlyMap<number, OwnedPort>): void {
    this.#nameOwners(new Set([...known.values()].map(({ owner }) => owner)));
    this.#connections.clear();
    const sources = new Set<string>();
    for (const [portId, { owner, packets }] of known) {
      const source = `bpf ${portId} ${owner}`;
      sources.add(source);
      this.#owners.take(source, [['dropped', droppedPackets(packets())]], `${this.#nameOf(owner)} `);
    }
    for (const { pid, status } of reports) {
      for (const { portId, requests, refused, connections } of status?.ports ?? []) {
        const owner = known.get(portId)?.owner;
        if (owner === undefined) continue;
        const name = this.#nameOf(owner);
        const source = `${pid} ${portId} ${owner}`;
        sources.add(source);
        const refusals = Object.values(refused).reduce((total, count) => total + count, 0);
        const counts = [['requests', requests] as const, ['refused', refusals] as const];
        this.#owners.take(source, counts, `${name} `);
        this.#connections.set(name, (this.#connections.get(name) ?? 0) + connections);
      }
    }
    this.#owners.keepSources(sources);
    this.#owners.keepNames((key) => {
      const [name = ''] = key.split(' ', 1);
      return name === OTHER_OWNERS || this.#named.has(name);
    });
  }

  #nameOf(owner: string): string {
    return this.#named.has(owner) ? owner : OTHER_OWNERS;
  }

  #nameOwners(present: ReadonlySet<string>): void {
    for (const owner of this.#named) if (!present.has(owner)) this.#named.delete(owner);
    for (const owner of present) {
      if (this.#named.size >= this.#ownersMax) return;
      this.#named.add(owner);
    }
  }
}

function* countsOf({ requests, counts }: ProxyStatus): Iterable<readonly [string, number]> {
  yield ['requests', requests];
  yield ['accepted', counts.accepted];
  yield ['bytes', counts.bytes];
  for (const [name, count] of Object.entries(counts.responses)) yield [`response ${name}`, count];
  for (const [name, count] of Object.entries(counts.refused)) yield [`refused ${name}`, count];
  for (const name of TIMES) yield* timesOf(name, counts[name]);
}

function* timesOf(name: string, { counts, sum }: HistogramCounts): Iterable<readonly [string, number]> {
  yield [`${name} sum`, sum];
  for (const [index, count] of counts.entries())
    yield [`${name} ${DURATION_BOUNDS[index] ?? Number.POSITIVE_INFINITY}`, count];
}
