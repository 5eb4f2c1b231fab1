import { Socket } from 'node:net';
import { call, room } from './ffi.ts';
import { EVENT_BYTES, EVENT_KIND, readEvent } from './layout.gen.ts';

/** Identifies a namespace in events; given by the kernel, and given again when the namespace has gone. */
export type NamespaceId = number;

/** What may have changed. */
export type KernelEvent =
  /** Interfaces or addresses of a watched namespace. */
  | { readonly kind: 'changed'; readonly namespace: NamespaceId }
  /** The namespace has gone; its id means nothing any more. */
  | { readonly kind: 'gone'; readonly namespace: NamespaceId }
  /** Events were lost: everything may have. */
  | { readonly kind: 'lost' };

/** From the end of a stream that nobody closed to the next. */
const REOPEN_MS = 1000;

/** Changes in all watched namespaces, as the kernel tells them. Owns its stream. */
export class KernelEvents {
  readonly #listener: (event: KernelEvent) => void;
  #socket: Socket;
  #closed = false;

  /** @param listener called for every event; also with `lost` when the stream itself ended and was opened anew */
  constructor(listener: (event: KernelEvent) => void) {
    this.#listener = listener;
    this.#socket = this.#open();
  }

  close(): void {
    this.#closed = true;
    this.#socket.destroy();
  }

  #open(): Socket {
    const fd = room(4);
    call('ms_events_open', fd);
    const socket = new Socket({ fd: fd.readInt32LE(), readable: true, writable: false });
    let rest: Buffer = Buffer.alloc(0);
    socket.on('data', (bytes) => {
      rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
      for (; rest.length >= EVENT_BYTES; rest = rest.subarray(EVENT_BYTES)) this.#listener(eventOf(rest));
    });
    socket.on('error', () => undefined);
    socket.on('close', () => setTimeout(() => this.#reopen(), this.#closed ? 0 : REOPEN_MS));
    return socket;
  }

  #reopen(): void {
    if (this.#closed) return;
    this.#socket = this.#open();
    this.#listener({ kind: 'lost' });
  }
}

function eventOf(record: Buffer): KernelEvent {
  const { kind, nsid } = readEvent(record);
  if (kind === EVENT_KIND.MS_EVENT_LOST) return { kind: 'lost' };
  return { kind: kind === EVENT_KIND.MS_EVENT_NAMESPACE_GONE ? 'gone' : 'changed', namespace: nsid };
}
