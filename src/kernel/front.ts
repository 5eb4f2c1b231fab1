import { Socket, type SocketConstructorOpts } from 'node:net';
import type { PeerMac } from '../identity/mac-address.ts';
import { type PortId, parsePortId } from '../identity/port-id.ts';
import type { Gate, GateUser, ListenTarget } from '../link/client-link.ts';
import type { Dial } from '../link/link.ts';
import { call, cString, repeatable, room } from './ffi.ts';
import { FrontLink } from './front-link.ts';
import { BATCHES, FrontOps, OPS_BYTES } from './front-ops.ts';
import { FrontRing, type RecordTaker } from './front-ring.ts';
import { KernelError } from './kernel-error.ts';
import { FRONT_RECORD_KIND, writeFrontOptions } from './layout.gen.ts';

const RING_BYTES = 131_072;
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
}

interface FrontPort {
  readonly user: GateUser;
  readonly peerMac: PeerMac;
}

/**
 * The sockets of a worker's clients, and those to the agent, in the hands of a thread of the shim (native/front_read.c): it
 * accepts and reads, and what came of that is dealt with here by the batch, as is what is to be sent. A request so costs no call
 * of its own.
 */
export class Front {
  readonly #name: number;
  readonly #agentPath: string;
  readonly #submit: (length: number, count: number) => void;
  readonly #ring = new FrontRing(RING_BYTES);
  readonly #ops = new FrontOps({
    schedule: () => this.#schedule(),
    submit: (length, count) => this.#submit(length, count),
    done: () => this.#ring.done,
    placed: (link) => {
      this.#links[link.slot] = link;
    },
  });
  /** Bound once, not for every turn. */
  readonly #taker: RecordTaker = (kind, slot, generation, at, length) => this.#told(kind, slot, generation, at, length);
  readonly #wake: Socket;
  readonly #links: (FrontLink | undefined)[] = [];
  readonly #ports = new Map<PortId, FrontPort>();
  #round = 0;
  #rounds: NodeJS.Timeout | undefined;
  #turn: NodeJS.Immediate | undefined;

  constructor({ connections, agentConnections, agentPath, unackedMs }: FrontOptions) {
    this.#agentPath = agentPath;
    const slots = connections + agentConnections;
    const options = writeFrontOptions({
      slots,
      agentSlots: agentConnections,
      ringBytes: RING_BYTES,
      batches: BATCHES,
      opsBytes: OPS_BYTES,
      unackedMs,
    });
    const name = room(4);
    const wakeFd = room(4);
    call('ms_front_open', options, cString(agentPath), this.#ring.memory, this.#ops.memory, name, wakeFd);
    this.#name = name.readUInt32LE();
    this.#submit = repeatable('ms_front_submit', this.#name);
    this.#wake = wakeSocket(wakeFd.readInt32LE(), () => this.#takeTurn());
  }

  /**
   * Makes the gate of a port, as a `GateOpener` does.
   *
   * @param peerMac looks a client's MAC address up by the descriptor of its socket
   */
  gate(id: PortId, user: GateUser, peerMac: PeerMac): FrontGate {
    return new FrontGate(
      (fd, backlog) => {
        this.#ports.set(id, { user, peerMac });
        call('ms_front_listen', this.#name, fd, backlog, id);
      },
      () => {
        call('ms_front_unlisten', this.#name, id);
        // Those that were accepted before are still told of.
        this.#take();
        this.#ports.delete(id);
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
    const told = this.#take();
    this.#ops.flush();
    if (told > 0) this.#schedule();
    else if (!this.#ring.sleep(this.#ops.settled)) this.#schedule();
  }

  #take(): number {
    const told = this.#ring.take(this.#taker, this.#ops.settle);
    if (this.#ring.isStarved()) call('ms_front_go_on', this.#name);
    return told;
  }

  #told(kind: number, slot: number, generation: number, at: number, length: number): void {
    if (kind === FRONT_RECORD_KIND.MS_FRONT_ACCEPTED) {
      this.#accepted(slot, generation, at);
      return;
    }
    const link = this.#links[slot];
    if (kind >= FRONT_RECORD_KIND.MS_FRONT_REFUSED) this.#refused(kind, at);
    else if (link?.generation !== generation || !link.isOpen) return;
    else if (kind === FRONT_RECORD_KIND.MS_FRONT_DATA) link.received(this.#ring.copy(at, length));
    else if (kind === FRONT_RECORD_KIND.MS_FRONT_ENDED) link.peerEnded();
    else if (kind === FRONT_RECORD_KIND.MS_FRONT_CLOSED) link.closed();
    else if (kind === FRONT_RECORD_KIND.MS_FRONT_WRITABLE) link.writable();
    else link.broken();
  }

  #accepted(slot: number, generation: number, at: number): void {
    const port = this.#ports.get(parsePortId(this.#ring.portId(at)));
    const ring = this.#ring;
    const peer = { fd: ring.fd(at), address: ring.address(at), port: ring.port(at), macOf: port?.peerMac ?? nobody };
    const link = new FrontLink(this.#ops.carry, slot, generation, this.#round, peer);
    this.#links[slot] = link;
    this.#rounds ??= setInterval(() => this.#watchWaiting(), ROUND_MS);
    if (port === undefined) link.reset();
    else port.user.accepted(link);
  }

  #refused(kind: number, at: number): void {
    const user = this.#ports.get(parsePortId(this.#ring.portId(at)))?.user;
    if (kind === FRONT_RECORD_KIND.MS_FRONT_REFUSED) user?.refused();
    else user?.failed(new KernelError('accept4', this.#ring.fd(at)));
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

function nobody(): undefined {
  return undefined;
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
