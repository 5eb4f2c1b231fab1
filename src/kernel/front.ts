import { Socket, type SocketConstructorOpts } from 'node:net';
import type { PeerMac } from '../identity/mac-address.ts';
import { type PortId, parsePortId } from '../identity/port-id.ts';
import type { Gate, GateUser, ListenTarget } from '../link/client-link.ts';
import type { BreachHandler, FrontBreach } from '../link/front-breach.ts';
import type { Dial } from '../link/link.ts';
import { call, cString, readS32, readU32, repeatable, room } from './ffi.ts';
import { FrontLink } from './front-link.ts';
import { frontMemory } from './front-memory.ts';
import { FrontOps } from './front-ops.ts';
import type { FrontPeer } from './front-peer.ts';
import { FrontRing, type RecordTaker } from './front-ring.ts';
import { SlotGenerations } from './front-slots.ts';
import { KernelError } from './kernel-error.ts';
import { FRONT_RECORD_KIND, writeFrontOptions } from './layout.gen.ts';

/** A connection whose client was answered at once is never watched; one that waits is from the second round on. */
const ROUND_MS = 100;

export interface FrontOptions {
  /** Clients' connections open at once; clients beyond them are reset. */
  readonly connections: number;
  /** Connections to the agent. */
  readonly agentConnections: number;
  /** The agent's socket. */
  readonly agentPath: string;
  /** A client that acknowledges nothing for so long has gone. */
  readonly unackedMs: number;
  /** Called when the front's memory says what it cannot say. Nothing that uses the front goes on; by default it throws. */
  readonly onBreach?: BreachHandler;
}

interface FrontPort {
  readonly user: GateUser;
  readonly macOf: FrontPeer['macOf'];
}

/**
 * The sockets of a worker's clients, and those to the agent, in the hands of a thread of the shim (native/front_read.c): it
 * accepts and reads, and what came of that is dealt with here by the batch, as is what is to be sent. A request so costs no call
 * of its own.
 */
export class Front {
  readonly #name: number;
  readonly #agentPath: string;
  readonly #breach: BreachHandler;
  readonly #ring: FrontRing;
  readonly #ops: FrontOps;
  readonly #generations: SlotGenerations;
  /** Bound once, not for every turn. */
  readonly #taker: RecordTaker = (kind, slot, generation, start, length, record) => {
    if (kind >= FRONT_RECORD_KIND.MS_FRONT_REFUSED) this.#ofPort(kind, record);
    else if (kind === FRONT_RECORD_KIND.MS_FRONT_ACCEPTED) this.#accepted(slot, generation);
    else this.#ofLink(kind, slot, generation, start, length);
  };
  readonly #wake: Socket;
  readonly #links: (FrontLink | undefined)[] = [];
  readonly #ports = new Map<PortId, FrontPort>();
  #round = 0;
  #rounds: NodeJS.Timeout | undefined;
  #turn: NodeJS.Immediate | undefined;
  #isClosed = false;

  constructor({ connections, agentConnections, agentPath, unackedMs, onBreach = failed }: FrontOptions) {
    this.#agentPath = agentPath;
    this.#breach = onBreach;
    const slots = connections + agentConnections;
    const options = writeFrontOptions({ slots, agentSlots: agentConnections, unackedMs });
    const memory = room('ms_front_memory');
    const name = room('u32');
    const wakeFd = room('s32');
    call('ms_front_open', options, cString(agentPath), memory, name, wakeFd);
    this.#name = readU32(name);
    const mappings = frontMemory(memory, slots);
    const submit = repeatable('ms_front_submit', this.#name);
    this.#generations = new SlotGenerations(slots, agentConnections, onBreach);
    this.#ring = new FrontRing(mappings, onBreach);
    this.#ops = new FrontOps(mappings, {
      schedule: () => this.#schedule(),
      submit,
      done: () => this.#ring.done,
      placed: (link, slot, generation) => this.#placed(link, slot, generation),
      left: (link) => this.#forget(link),
      breach: onBreach,
    });
    this.#wake = wakeSocket(readS32(wakeFd), () => this.#takeTurn());
  }

  /**
   * Makes the gate of a port, as a `GateOpener` does.
   *
   * @param peerMac looks a client's MAC address up by the descriptor of its socket, in place of what the front has read
   */
  gate(id: PortId, user: GateUser, peerMac?: PeerMac): FrontGate {
    return new FrontGate(
      (fd, backlog) => {
        const macOf = peerMac === undefined ? this.#ring.macOf : (_: number, of: number) => peerMac(of);
        this.#ports.set(id, { user, macOf });
        try {
          call('ms_front_listen', this.#name, fd, backlog, id);
        } catch (error) {
          this.#ports.delete(id);
          throw error;
        }
      },
      () => {
        call('ms_front_unlisten', this.#name, id);
        const port = this.#ports.get(id);
        // Clients that were accepted before are still reported.
        const forget = () => {
          this.#take();
          if (this.#ports.get(id) === port) this.#ports.delete(id);
        };
        if (this.#ring.isTaking) setImmediate(forget);
        else forget();
      },
    );
  }

  /** Connects to the agent. */
  readonly dial: Dial = (user) => FrontLink.dial(this.#ops.carry, user, this.#agentPath);

  /** Closes all connections and listening sockets. */
  close(): void {
    if (this.#turn !== undefined) clearImmediate(this.#turn);
    clearInterval(this.#rounds);
    this.#ops.flush();
    this.#isClosed = true;
    this.#wake.destroy();
    call('ms_front_close', this.#name);
  }

  #schedule(): void {
    this.#turn ??= setImmediate(() => {
      this.#turn = undefined;
      this.#takeTurn();
    });
  }

  /** Goes on until there is nothing to do, with the rest of the process between turns. */
  #takeTurn(): void {
    if (this.#isClosed) return;
    const told = this.#take();
    this.#ops.flush();
    if (told > 0) this.#schedule();
    else if (!this.#ring.sleep(this.#ops.settled)) this.#schedule();
  }

  #take(): number {
    if (this.#isClosed) return 0;
    const told = this.#ring.take(this.#taker, this.#ops.settle);
    if (this.#ring.isStarved()) call('ms_front_go_on', this.#name);
    return told;
  }

  /** A connection to the agent was made. */
  #placed(link: FrontLink, slot: number, generation: number): void {
    this.#generations.placed(slot, generation);
    link.slot = slot;
    link.generation = generation;
    this.#links[slot] = link;
  }

  #ofLink(kind: number, slot: number, generation: number, start: number, length: number): void {
    if (!this.#generations.isCurrent(slot, generation)) return;
    const link = this.#links[slot];
    if (link?.generation !== generation || !link.isOpen) return;
    if (kind === FRONT_RECORD_KIND.MS_FRONT_DATA) link.received(this.#ring.copy(start, length));
    else if (kind === FRONT_RECORD_KIND.MS_FRONT_ENDED) link.peerEnded();
    else if (kind === FRONT_RECORD_KIND.MS_FRONT_CLOSED) link.closed();
    else if (kind === FRONT_RECORD_KIND.MS_FRONT_WRITABLE) link.writable();
    else link.broken();
    if (!link.isOpen) this.#forget(link);
  }

  /** A link that is closed is not kept for as long as nobody else has its slot. */
  #forget(link: FrontLink): void {
    if (this.#links[link.slot] === link) this.#links[link.slot] = undefined;
  }

  #accepted(slot: number, generation: number): void {
    this.#generations.accepted(slot, generation);
    const client = this.#ring.client(slot);
    const port = this.#port(client.portId);
    // Written out: copying what is left of an object takes longer than all of the rest.
    const peer = { fd: client.fd, address: client.address, port: client.port, macOf: port.macOf };
    const link = new FrontLink(this.#ops.carry, slot, generation, this.#round, peer);
    this.#links[slot] = link;
    this.#rounds ??= setInterval(() => this.#watchWaiting(), ROUND_MS);
    port.user.accepted(link);
  }

  #ofPort(kind: number, record: number): void {
    const { user } = this.#port(this.#ring.portId(record));
    if (kind === FRONT_RECORD_KIND.MS_FRONT_REFUSED) user.refused();
    else user.failed(new KernelError('accept4', this.#ring.error(record)));
  }

  /** A client can only come to a port that this process listens on. */
  #port(id: number): FrontPort {
    return this.#ports.get(parsePortId(id)) ?? this.#breach('record-port');
  }

  /** Of a client that is not answered at once it matters whether it stays. */
  #watchWaiting(): void {
    let unwatched = 0;
    this.#links.forEach((link, slot) => {
      if (!link?.isOpen) this.#links[slot] = undefined;
      else if (link.isWatched) return;
      else if (link.round < this.#round) link.expectMore();
      else unwatched += 1;
    });
    this.#round += 1;
    if (unwatched > 0) return;
    clearInterval(this.#rounds);
    this.#rounds = undefined;
  }
}

/** A port's listening socket in the front. */
export class FrontGate implements Gate {
  readonly #listen: (fd: number, backlog: number) => void;
  readonly #close: () => void;
  #isListening = false;

  constructor(listen: (fd: number, backlog: number) => void, close: () => void) {
    this.#listen = listen;
    this.#close = close;
  }

  /**
   * @param options `fd` of a bound socket, which is the front's from here on
   * @throws {KernelError} what listening reports
   */
  listen(options: ListenTarget): Promise<undefined> {
    return new Promise((resolve) => {
      if (options.fd === undefined) throw new Error('the front listens on sockets that are bound already');
      this.#listen(options.fd, options.backlog ?? 0);
      this.#isListening = true;
      resolve(undefined);
    });
  }

  /** Does nothing when it does not listen: a worker may be told to stop again while it does. */
  close(): void {
    if (!this.#isListening) return;
    this.#isListening = false;
    this.#close();
  }
}

function failed(breach: FrontBreach): never {
  throw new Error(`the memory of the front is wrong: ${breach}`);
}

/** Reads what comes over the pipe into one small buffer, and only tells that something came. */
function wakeSocket(fd: number, came: () => void): Socket {
  const callback = () => {
    came();
    return true;
  };
  // Node's types know `onread` for connecting sockets only.
  const options = { fd, readable: true, writable: false, onread: { buffer: Buffer.allocUnsafeSlow(64), callback } };
  const socket = new Socket(options as SocketConstructorOpts);
  socket.on('error', () => undefined);
  socket.resume();
  return socket;
}
