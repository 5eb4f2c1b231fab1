/** What the service manager kept of a daemon that died: descriptors by name, as sd_listen_fds(3) says, and what they are. */
import * as z from 'zod';
import { messageOf } from '../errors.ts';
import { readDocument } from '../kernel/document.ts';
import { listOf, parseAs, parseText } from './document-parts.ts';
import { type HandOverDocument, OUR_ABI, parseHandOver } from './hand-over-document.ts';

/** systemd's first (SD_LISTEN_FDS_START). */
const FIRST = 3;
/** Of what we have it keep; a socket unit's have other names. */
const OURS = /^(map-\d+|rates|listener-\d+-\d+|link-\d+-\d+|document-[01])$/;

/** Names of the document, of which one is in use while the other is being replaced. */
export const DOCUMENT_NAMES = ['document-0', 'document-1'] as const;

/** More than one variable of the environment has room for. */
const NAMES_MAX = 65_536;

const envelope = z.object({
  /** The later one holds. Microseconds of CLOCK_MONOTONIC. */
  sequence: z.number(),
  namespaceInode: z.number(),
  /** The descriptor at each place of the document. */
  names: listOf(z.string().max(64), NAMES_MAX),
  handOver: z.unknown(),
});

/** A document in the store. */
export interface StoredDocument {
  readonly namespaceInode: number;
  readonly names: readonly string[];
  readonly handOver: HandOverDocument;
}

/**
 * Descriptors of ours that the service manager passed to this process; they belong to the caller.
 *
 * @param environment as sd_listen_fds(3) reads it
 */
export function receivedDescriptors(environment: NodeJS.ProcessEnv, pid: number): ReadonlyMap<string, number> {
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES = '' } = environment;
  if (LISTEN_PID !== String(pid)) return new Map();
  // libuv has made them close-on-exec when this process began (uv_disable_stdio_inheritance).
  const names = LISTEN_FDNAMES.split(':').slice(0, Number(LISTEN_FDS));
  return new Map(names.flatMap((name, index) => (OURS.test(name) ? [[name, FIRST + index]] : [])));
}

/** @param text as the descriptor store writes it @throws {DocumentError} */
export function parseStored(text: string): StoredDocument & { readonly sequence: number } {
  const { handOver, ...rest } = parseAs(envelope, parseText(text));
  return { ...rest, handOver: parseHandOver(handOver) };
}

/**
 * The document that holds: of two, the later one.
 *
 * @throws {Error} saying why it cannot be used
 */
export function storedDocument(received: ReadonlyMap<string, number>): StoredDocument {
  const found = DOCUMENT_NAMES.flatMap((name) => received.get(name) ?? []).map((fd) => {
    try {
      return parseStored(readDocument(fd));
    } catch (error) {
      throw new Error(`it cannot be read: ${messageOf(error)}`);
    }
  });
  const [last] = found.sort((one, other) => other.sequence - one.sequence);
  if (last === undefined) throw new Error('it was used before, or never complete');
  if (last.handOver.abi !== OUR_ABI)
    throw new Error(`its maps have layout ${last.handOver.abi}, this version needs ${OUR_ABI}`);
  return last;
}
