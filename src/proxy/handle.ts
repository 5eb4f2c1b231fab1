import type { Socket } from 'node:net';

/** What node keeps behind a socket and has no public name for. Nothing else in the project reaches for it. */
interface Handle {
  readonly fd?: number;
  readonly writeQueueSize?: number;
}

function handleOf(socket: Socket): Handle | undefined {
  return (socket as unknown as { readonly _handle?: Handle | null })._handle ?? undefined;
}

/** File descriptor of an open socket, -1 when it has none any more. */
export function fdOf(socket: Socket): number {
  return handleOf(socket)?.fd ?? -1;
}

/** Bytes written to the socket that the kernel has not taken yet. It shrinks while the peer reads, unlike `writableLength`. */
export function unsentBytes(socket: Socket): number {
  return handleOf(socket)?.writeQueueSize ?? 0;
}
