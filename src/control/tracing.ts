import { MetasteerError } from '../errors.ts';
import { MS_PORTS_MAX } from '../kernel/layout.gen.ts';
import type { SteeringMaps } from '../kernel/maps.ts';
import { addressBytes, type PacketTraced } from '../kernel/packet-events.ts';
import type { Programs } from '../kernel/programs.ts';
import { TRACE_EVENTS_MAX, type WorkerTraceEvent } from '../proxy/messages.ts';
import type { Reconciler } from './reconcile.ts';
import { diagnose } from './trace-diagnosis.ts';
import type { TracedPort, TraceLine, TracePacket, TraceRequest, TraceStageLine } from './trace-document.ts';
import type { Workers } from './workers.ts';

type Event = TracePacket | TraceStageLine;

/** What one trace holds, of all workers and programs; what comes after is not told. */
const EVENTS_MAX = TRACE_EVENTS_MAX;
/** From an event to its line: events of programs and workers come by different ways, and are put in order meanwhile. */
const SETTLE_US = 250_000;
const LOOK_MS = 100;
const WORD_BITS = 64;

export interface TracingContext {
  readonly maps: SteeringMaps;
  readonly programs: Programs;
  readonly workers: Workers;
  readonly reconciler: Reconciler;
}

/** Follows the packets and requests of a client or an owner. One trace at a time: there is one place for its program. */
export class Tracing {
  readonly #context: TracingContext;
  #take: ((event: Event) => void) | undefined;
  #ending = false;

  constructor(context: TracingContext) {
    this.#context = context;
  }

  /** Takes a packet that a program tells of. */
  packet({ atUs, portId, client, clientPort, mac, verdict, flags }: PacketTraced): void {
    this.#take?.({ type: 'packet', at_us: atUs, port: portId, client, client_port: clientPort, mac, verdict, flags });
  }

  /** Ends the trace that is under way, if any, before its time. */
  end(): void {
    this.#ending = true;
  }

  /**
   * Traces until the time is over, the trace is full or `signal` is aborted.
   *
   * @throws {MetasteerError} `trace-busy`
   */
  async *run(request: TraceRequest, signal: AbortSignal): AsyncGenerator<TraceLine> {
    if (this.#take !== undefined) throw new MetasteerError('trace-busy', 'another trace is under way');
    const waiting: Event[] = [];
    const events: Event[] = [];
    let taken = 0;
    this.#ending = false;
    this.#take = (event) => {
      taken += 1;
      if (taken <= EVENTS_MAX) waiting.push(event);
    };
    try {
      const ports = this.#ports(request);
      const before = this.#shieldDrops(ports);
      await this.#start(request, ports);
      yield { type: 'begin', request, ports };
      const began = performance.now();
      const isOver = () =>
        this.#ending || signal.aborted || taken > EVENTS_MAX || performance.now() - began >= request.seconds * 1000;
      while (!isOver()) {
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
        yield* settle(waiting, events, Number(process.hrtime.bigint() / 1000n) - SETTLE_US);
      }
      await new Promise((resolve) => setTimeout(resolve, SETTLE_US / 1000));
      this.#stop();
      yield* settle(waiting, events, Number.POSITIVE_INFINITY);
      const shieldDrops = this.#shieldDrops(ports) - before;
      yield {
        type: 'end',
        seconds: Math.round((performance.now() - began) / 100) / 10,
        is_cut: taken > EVENTS_MAX,
        shield_drops: shieldDrops,
        diagnosis: diagnose({
          ...{ request, ports, shieldDrops, lines: events },
          agentProblem: this.#context.workers.agentProblem?.message,
        }),
      };
    } finally {
      this.#stop();
      this.#take = undefined;
    }
  }

  #ports({ owner }: TraceRequest): readonly TracedPort[] {
    const { reconciler } = this.#context;
    const found = [
      ...reconciler.ports.map(({ id, found: each }) => ({ each, port: id, state: 'steering' as const, reason: null })),
      ...reconciler.attaching.map((each) => ({ each, port: null, state: 'attaching' as const, reason: null })),
      ...reconciler.failures.all.map(({ found: each, error }) => ({
        ...{ each, port: null, state: 'failed' as const },
        reason: `${error.code}: ${error.message}`,
      })),
    ];
    return found
      .filter(({ each }) => owner === undefined || each.owner.id === owner)
      .map(({ each, port, state, reason }) => ({
        ...{ port, state, reason, owner: each.owner.id, namespace: each.namespace, interface: each.link.name },
      }));
  }

  async #start({ client, owner }: TraceRequest, ports: readonly TracedPort[]): Promise<void> {
    const words = new BigUint64Array(MS_PORTS_MAX / WORD_BITS);
    for (const { port } of ports) {
      if (port === null) continue;
      const word = Math.floor(port / WORD_BITS);
      words[word] = (words[word] ?? 0n) | (1n << BigInt(port % WORD_BITS));
    }
    const address = client === undefined ? undefined : addressBytes(client);
    const { programs, workers } = this.#context;
    await programs.startTrace({
      ports: [...words],
      address: address ?? new Uint8Array(16),
      byAddress: address === undefined ? 0 : 1,
    });
    const filter = { ...(client === undefined ? {} : { client }), ...(owner === undefined ? {} : { ownerId: owner }) };
    workers.trace(filter, (event) => this.#take?.(stageLine(event)));
  }

  #stop(): void {
    this.#context.programs.stopTrace();
    this.#context.workers.trace(undefined);
  }

  #shieldDrops(ports: readonly TracedPort[]): number {
    const { maps } = this.#context;
    return ports.reduce((total, { port }) => {
      const counted = port === null ? [] : Object.entries(maps.counters(port));
      const drops = counted.filter(([verdict]) => verdict.startsWith('guard_') && verdict !== 'guard_passed');
      return total + drops.reduce((sum, [, packets]) => sum + packets, 0);
    }, 0);
  }
}

/** Moves what is older than `untilUs` from one list to the other, by time. */
function* settle(waiting: Event[], events: Event[], untilUs: number): Generator<Event> {
  waiting.sort((a, b) => a.at_us - b.at_us);
  while (waiting[0] !== undefined && waiting[0].at_us < untilUs) {
    const event = waiting.shift();
    if (event === undefined) return;
    events.push(event);
    yield event;
  }
}

function stageLine({ atUs, portId, clientPort, ...event }: WorkerTraceEvent): TraceStageLine {
  return { type: 'stage', at_us: atUs, port: portId, client_port: clientPort, ...event };
}
