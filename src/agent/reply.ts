import type { ServerResponse } from 'node:http';
import type { Caller } from './caller.ts';
import type { NovaReply, ReplyRest } from './nova-reply.ts';
import { closes, type Reason, Refusal, refusal, statusOf } from './refuse.ts';
import type { RequestRecord } from './request-record.ts';

/** How long a proxy may take none of a large reply: as long as Neutron's haproxies wait for their clients (contract.md 1.1). */
const STALL_MS = 32_000;

/** Whose reply it is. */
export interface Destination {
  readonly record: RequestRecord;
  readonly caller: Caller;
  /** Whether the connection is to end with it. */
  readonly close: boolean;
}

/**
 * Gives nova's reply to the proxy: status, the headers that are the guest's, and every byte of the body as it is.
 *
 * @throws {Refusal} `nova-reply-malformed`
 */
export function passOn(response: ServerResponse, reply: NovaReply, { record, caller, close }: Destination): void {
  const { head, body, rest } = reply;
  // From here on, and when the caller has left already.
  caller.whenLeft(() => rest?.abort());
  record.status = head.status;
  record.bytes = body.length;
  const length = lengthOf(reply, record.method);
  const lines = length === undefined ? [...head.lines] : [...head.lines, 'Content-Length', length];
  if (close) lines.push('Connection', 'close');
  try {
    response.writeHead(head.status, lines);
  } catch (error) {
    rest?.abort();
    throw new Refusal('nova-reply-malformed', { cause: error });
  }
  if (rest === undefined) response.end(body);
  else stream(response, body, rest, record);
}

/** Ends a request without a reply of nova. */
export function refuse(response: ServerResponse, reason: Reason, record: RequestRecord, close: boolean): void {
  record.reason = reason;
  record.status = statusOf(reason);
  if (record.status === 0) {
    response.destroy();
    return;
  }
  const { lines, body } = refusal(reason);
  record.bytes = record.method === 'HEAD' ? 0 : body.length;
  const end = close || closes(reason) ? ['Connection', 'close'] : [];
  response.writeHead(record.status, [...lines, ...end]).end(body);
}

/** What is whole is told its length, whether nova did or not; HEAD is told what nova says GET would have. */
function lengthOf({ head, body, rest }: NovaReply, method: string): string | undefined {
  if (rest !== undefined || method === 'HEAD') return head.contentLength;
  return head.status === 204 || head.status === 304 ? undefined : String(body.length);
}

/** Passes the rest on as it comes, no faster than it is taken. */
function stream(response: ServerResponse, first: Buffer, rest: ReplyRest, record: RequestRecord): void {
  let isOver = false;
  const { socket } = response;
  response.once('close', () => {
    // The connection may be idle from here on for as long as it likes.
    socket?.setTimeout(0);
    isOver = true;
  });
  response.setTimeout(STALL_MS, () => {
    if (!response.writableNeedDrain) return;
    record.reason = 'client-stalled';
    response.destroy();
  });
  response.on('drain', () => rest.resume());
  response.write(first);
  rest.flow({
    data: (chunk) => {
      record.bytes += chunk.length;
      return response.write(chunk);
    },
    end: () => void response.end(),
    failed: () => {
      if (isOver) return;
      // Only a connection that breaks tells that a reply is not whole.
      record.reason ??= 'reply-cut';
      response.destroy();
    },
  });
}
