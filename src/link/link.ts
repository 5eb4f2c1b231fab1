/** One stream connection, to a client or to the agent, as the request path sees it, whoever has the socket. */
export interface Link {
  readonly isOpen: boolean;
  /** Bytes written that wait in this process, those that have just been handed to the kernel among them. */
  readonly waiting: number;
  /** Bytes written that the kernel has not taken. It shrinks while the peer reads. */
  readonly unsent: number;
  /** Whether the peer should be waited for before more is written. */
  readonly isSlow: boolean;
  /** Begins to tell what the peer does. Nothing is told before. */
  serve(user: LinkUser): void;
  /** Returns false when the peer should be waited for; `drained` tells when no longer. */
  write(bytes: Buffer): boolean;
  /** Leaves the peer's bytes with the kernel. Those that were read already are told all the same. */
  pause(): void;
  resume(): void;
  /** Closes at once. Nothing is told any more. */
  destroy(): void;
}

/** Who a link tells. */
export interface LinkUser {
  /** The buffer is the user's. */
  received(chunk: Buffer): void;
  /** The peer has ended its side. */
  peerEnded(): void;
  /** The peer has taken everything. */
  drained(): void;
  /** The peer does not take what `write` seemed to have got rid of. */
  stalled(): void;
  /** Our side is ended, and everything before it is with the kernel. */
  weEnded(): void;
  /**
   * The connection is closed, by whomever.
   *
   * @param code the system's name of the error that ended it, where one did
   */
  gone(code?: string): void;
}

/** Who is told what became of an attempt to connect; one of the two, later. */
export interface DialUser {
  connected(link: Link): void;
  connectFailed(code: string, message: string): void;
}

/** Begins to connect to the agent. */
export type Dial = (user: DialUser) => void;
