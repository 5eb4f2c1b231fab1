import type { ClientAddress } from '../identity/client-address.ts';
import type { ClientLink } from '../link/client-link.ts';
import { TRACE_EVENTS_MAX, type TraceFilter, type TraceStage, type WorkerTraceEvent } from './messages.ts';
import type { Port } from './port.ts';

const PATH_MAX = 256;

/** What happened at a stage, beside when and to whom. */
export type StageDetails = Pick<WorkerTraceEvent, 'method' | 'path' | 'status' | 'reason' | 'queued' | 'bytes'>;

/** Tells of one connection that is traced. */
export type Tell = (stage: TraceStage, details?: StageDetails) => void;

/** Tells whoever traces a client or an owner what becomes of its requests, for as long as somebody does. */
export class Tracer {
  readonly #send: (event: WorkerTraceEvent) => void;
  #filter: TraceFilter | undefined;
  #left = 0;

  constructor(send: (event: WorkerTraceEvent) => void) {
    this.#send = send;
  }

  start(filter: TraceFilter): void {
    this.#filter = filter;
    this.#left = TRACE_EVENTS_MAX;
  }

  stop(): void {
    this.#filter = undefined;
  }

  /** What tells of a connection; undefined when nobody wants to know. */
  follow(port: Port, client: ClientAddress, link: ClientLink): Tell | undefined {
    if (this.#filter === undefined) return undefined;
    const peer = peerOf(link) ?? client;
    if (!matches(this.#filter, port, client, peer)) return undefined;
    const who = { portId: port.id, client: peer, clientPort: link.peerPort };
    return (stage, details = {}) => this.#tell({ ...who, stage, ...details });
  }

  #tell(event: Omit<WorkerTraceEvent, 'atUs'>): void {
    if (this.#filter === undefined || this.#left === 0) return;
    this.#left -= 1;
    // The clock of the BPF programs' events: CLOCK_MONOTONIC.
    const atUs = Number(process.hrtime.bigint() / 1000n);
    const path = event.path?.split('?', 1)[0]?.slice(0, PATH_MAX);
    this.#send({ ...event, atUs, ...(path === undefined ? {} : { path }) });
  }
}

/** @param peer where its packets come from: for a link-local client, not what the agent is told (design D8) */
function matches({ client, ownerId }: TraceFilter, port: Port, address: ClientAddress, peer: string): boolean {
  const isClient = client === undefined || client === address || client === peer;
  return isClient && (ownerId === undefined || ownerId === port.owner.id);
}

/** The address as it is in packets; undefined where it cannot be told. */
function peerOf({ peer }: ClientLink): string | undefined {
  return peer?.replace(/^::ffff:(?=[\d.]+$)/, '').replace(/%.*$/, '');
}
