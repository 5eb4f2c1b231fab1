import { getSystemErrorName } from 'node:util';
import type { MacAddress } from '../identity/mac-address.ts';
import type { ClientLink } from '../link/client-link.ts';
import type { DialUser, LinkUser } from '../link/link.ts';
import { type Carry, OP_BYTES_MAX } from './front-ops.ts';
import { agentPeer, type FrontPeer } from './front-peer.ts';
import { FRONT_OP_KIND } from './layout.gen.ts';
import { Unsent } from './unsent.ts';

const { MS_FRONT_CONNECT, MS_FRONT_SEND, MS_FRONT_SEND_MORE, MS_FRONT_SEND_LAST, MS_FRONT_REST } = FRONT_OP_KIND;
const { MS_FRONT_SHUT, MS_FRONT_CLOSE, MS_FRONT_RESET, MS_FRONT_WATCH, MS_FRONT_PAUSE, MS_FRONT_RESUME } =
  FRONT_OP_KIND;

const EAGAIN = -11;

/**
 * A connection whose socket the front has: a `ClientLink` where it is a client's, else a `Link`. What it is told to do is done at
 * the end of the turn.
 */
export class FrontLink implements ClientLink {
  slot: number;
  generation: number;
  readonly hasLeft = false;
  /** Records of the peer's bytes. */
  seen = 0;
  /** In which of the front's rounds it came. */
  readonly round: number;
  readonly #peer: FrontPeer;
  readonly #carry: Carry;
  #user: LinkUser | undefined;
  #isOpen = true;
  readonly #rest = new Unsent();
  /** Operations under way that send, and their bytes. */
  #sending = 0;
  #sendingBytes = 0;
  /** The user waits for `drained`. */
  #owesDrained = false;
  #isEnding = false;
  #hasShut = false;
  #isFinished = false;
  #hasPeerEnded = false;
  #isWatched = false;
  #dialUser: DialUser | undefined;
  #isPaused = false;
  /** The kernel takes more, and operations are under way that it would not take when it was asked. */
  #isWritable = false;

  constructor(carry: Carry, slot: number, generation: number, round: number, peer: FrontPeer) {
    this.#carry = carry;
    this.slot = slot;
    this.generation = generation;
    this.round = round;
    this.#peer = peer;
  }

  /** Connects to the agent, whose socket has that name, and tells the user. */
  static dial(carry: Carry, user: DialUser, path: string): void {
    const link = new FrontLink(carry, -1, 0, 0, agentPeer(path));
    link.#dialUser = user;
    link.#isWatched = true;
    carry(link, MS_FRONT_CONNECT, undefined);
  }

  get peer(): string {
    return this.#peer.address;
  }

  get peerPort(): number {
    return this.#peer.port;
  }

  /** Whether what the peer does is told, whatever it is. */
  get isWatched(): boolean {
    return this.#isWatched;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get waiting(): number {
    return this.#rest.bytes + this.#sendingBytes;
  }

  get unsent(): number {
    return this.waiting;
  }

  get isSlow(): boolean {
    return this.#rest.bytes > 0;
  }

  peerMac(): MacAddress | undefined {
    return this.#peer.macOf(this.slot, this.#peer.fd);
  }

  serve(user: LinkUser): void {
    this.#user = user;
  }

  expectMore(): void {
    if (this.#isWatched || !this.#isOpen) return;
    this.#isWatched = true;
    this.#carry(this, MS_FRONT_WATCH, undefined);
  }

  rest(): void {
    if (!this.#isOpen) return;
    this.#isWatched = true;
    this.#carry(this, MS_FRONT_REST, undefined);
  }

  write(bytes: Buffer): boolean {
    if (!this.#isOpen) return true;
    if (this.#rest.bytes > 0) {
      this.#rest.addBehind(bytes);
      this.#owesDrained = true;
      return false;
    }
    this.#offer(MS_FRONT_SEND, bytes);
    return true;
  }

  end(bytes: Buffer | undefined, isWhole: boolean): void {
    if (!this.#isOpen || this.#isEnding) return;
    this.#isEnding = true;
    const goesOut = this.#rest.bytes === 0 && this.#sending === 0;
    if (bytes !== undefined && bytes.length <= OP_BYTES_MAX && isWhole && goesOut) {
      this.#send(MS_FRONT_SEND_LAST, bytes);
      return;
    }
    if (bytes !== undefined) this.write(bytes);
    this.expectMore();
    if (this.#rest.bytes === 0) this.#shut();
  }

  pause(): void {
    if (this.#isPaused || !this.#isOpen) return;
    this.#isPaused = true;
    this.#carry(this, MS_FRONT_PAUSE, undefined);
  }

  resume(): void {
    if (!this.#isPaused || !this.#isOpen) return;
    this.#isPaused = false;
    this.#isWatched = true;
    this.#carry(this, MS_FRONT_RESUME, undefined);
  }

  destroy(): void {
    this.#close(MS_FRONT_CLOSE);
  }

  reset(): void {
    this.#close(MS_FRONT_RESET);
  }

  /** The peer sent this. */
  received(chunk: Buffer): void {
    this.seen += 1;
    this.#user?.received(chunk);
  }

  peerEnded(): void {
    this.#hasPeerEnded = true;
    this.#user?.peerEnded();
    this.#closeWhenOver();
  }

  /** The front has closed it: it rested, and the client has ended its side. */
  closed(): void {
    this.#leave()?.gone();
  }

  /** @param code of the error, where it is known */
  broken(code?: string): void {
    const user = this.#user;
    this.#close(MS_FRONT_CLOSE);
    user?.gone(code);
  }

  /**
   * The kernel takes more. What it did not take is sent again in its order: first the results of all that is under way must be
   * known.
   */
  writable(): void {
    this.#isWritable = this.#sending > 0;
    if (this.#isWritable) return;
    let kind: number = MS_FRONT_SEND_MORE;
    for (const chunk of this.#rest.take()) {
      this.#offer(kind, chunk);
      kind = MS_FRONT_SEND;
    }
  }

  /**
   * An operation was carried out. What follows from it is told by `afterwards`, when the results of all are known.
   *
   * @param result as in `struct ms_front_op`
   * @returns whether `afterwards` is to be called
   */
  carriedOut(bytes: Buffer | undefined, result: number): boolean {
    if (!this.#isOpen) return false;
    if (bytes === undefined) return true;
    this.#sending -= 1;
    this.#sendingBytes -= bytes.length;
    const isWhole = result === bytes.length;
    if (result >= 0 && result < bytes.length) this.#rest.addRefused(result === 0 ? bytes : bytes.subarray(result));
    return !isWhole || this.#isEnding || this.#owesDrained || this.#isWritable;
  }

  afterwards(kind: number, length: number, result: number): void {
    if (!this.#isOpen) return;
    if (kind === MS_FRONT_CONNECT) this.#dialled(result);
    else if (kind === MS_FRONT_SHUT && result === EAGAIN) this.#hasShut = false;
    else if (result < 0) this.broken(getSystemErrorName(result));
    else if (kind === MS_FRONT_SHUT) this.#finished();
    else if (kind === MS_FRONT_SEND_LAST) this.#lastWent(length, result);
    else if (length > 0) this.#went();
  }

  #dialled(result: number): void {
    if (result === 0) {
      this.#dialUser?.connected(this);
      return;
    }
    const user = this.#dialUser;
    this.#leave();
    const code = getSystemErrorName(result);
    user?.connectFailed(code, `connect ${code} ${this.#peer.address}`);
  }

  #lastWent(length: number, result: number): void {
    if (result > length) this.#leave()?.gone();
    else if (result === length) this.#finished();
    else this.expectMore();
  }

  #went(): void {
    if (this.#isWritable && this.#sending === 0) this.writable();
    if (this.#rest.bytes > 0) {
      if (!this.#owesDrained) this.#user?.stalled();
      this.#owesDrained = true;
    } else if (this.#sending === 0) {
      if (this.#isEnding) this.#shut();
      if (this.#owesDrained) this.#user?.drained();
      this.#owesDrained = false;
    }
  }

  /** As many operations as it takes; the first is of that kind. */
  #offer(kind: number, bytes: Buffer): void {
    for (let from = 0; from < bytes.length; from += OP_BYTES_MAX) {
      const piece = bytes.length <= OP_BYTES_MAX ? bytes : bytes.subarray(from, from + OP_BYTES_MAX);
      this.#send(from === 0 ? kind : MS_FRONT_SEND, piece);
    }
  }

  #send(kind: number, bytes: Buffer): void {
    this.#sending += 1;
    this.#sendingBytes += bytes.length;
    this.#carry(this, kind, bytes);
  }

  #shut(): void {
    if (this.#hasShut) return;
    this.#hasShut = true;
    this.#carry(this, MS_FRONT_SHUT, undefined);
  }

  #finished(): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.expectMore();
    this.#user?.weEnded();
    this.#closeWhenOver();
  }

  #closeWhenOver(): void {
    if (this.#hasPeerEnded && this.#isFinished && this.#isOpen) this.broken();
  }

  #close(kind: number): void {
    if (!this.#isOpen) return;
    this.#leave();
    this.#carry(this, kind, undefined);
  }

  /** Lets go of everything. Returns the user, who has to hear of it if it was not the user's wish. */
  #leave(): LinkUser | undefined {
    const user = this.#user;
    this.#isOpen = false;
    this.#user = undefined;
    this.#dialUser = undefined;
    this.#rest.take();
    return user;
  }
}
