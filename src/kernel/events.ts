import { call, type Memory, readS32, room } from './ffi.ts';
import { EVENT_BYTES, EVENT_KIND, readEvent } from './layout.gen.ts';
import { RecordStream } from './record-stream.ts';

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

/** Changes in all watched namespaces, as the kernel tells them. Owns its stream. */
export class KernelEvents {
  readonly #stream: RecordStream<'ms_event'>;

  /** @param listener called for every event; also with `lost` when the stream itself ended and was opened anew */
  constructor(listener: (event: KernelEvent) => void) {
    this.#stream = new RecordStream({
      recordBytes: EVENT_BYTES,
      open: () => {
        const fd = room('s32');
        call('ms_events_open', fd);
        return readS32(fd);
      },
      record: (bytes) => listener(eventOf(bytes)),
      reopened: () => listener({ kind: 'lost' }),
    });
  }

  close(): void {
    this.#stream.close();
  }
}

function eventOf(record: Memory<'ms_event'>): KernelEvent {
  const { kind, nsid } = readEvent(record);
  if (kind === EVENT_KIND.MS_EVENT_LOST) return { kind: 'lost' };
  return { kind: kind === EVENT_KIND.MS_EVENT_NAMESPACE_GONE ? 'gone' : 'changed', namespace: nsid };
}
