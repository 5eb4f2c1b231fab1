import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { type Reason, refusal, statusOf } from './refuse.ts';

const REASONS: Readonly<Record<string, Reason>> = {
  HPE_HEADER_OVERFLOW: 'head-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
};

/**
 * Ends a connection whose bytes are no request.
 *
 * @param isBusy whether an earlier request of it is being served; an answer now would be taken for that one's
 * @returns how it ended; undefined when there was no request at all
 */
export function refuseMalformed(
  error: Error & { readonly code?: string },
  socket: Socket,
  isBusy: boolean,
): { readonly status: number; readonly reason: Reason } | undefined {
  // A connection that was opened ahead of its first request is idle like any other.
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && socket.bytesRead === 0) return undefined;
  const isSilent = error.code === 'ECONNRESET' || error.code === 'EPIPE' || !socket.writable;
  const reason = REASONS[error.code ?? ''] ?? 'request-malformed';
  if (isSilent || isBusy) {
    socket.destroy();
    return isSilent ? undefined : { status: 0, reason };
  }
  const status = statusOf(reason);
  const { lines, body } = refusal(reason);
  const fields = lines.map((text, index) => (index % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join('');
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${fields}Connection: close\r\n\r\n${body}`);
  return { status, reason };
}
