import type { IncomingMessage } from 'node:http';
import { type Body, PASSWORD_BYTES_MAX } from './password.ts';

/** Nothing that is posted here may be larger than a password; beyond this not even the rest is waited for. */
const DRAINED_BYTES_MAX = 1024 * 1024;
const NONE = Buffer.alloc(0);

export interface ReadBody {
  readonly body: Body;
  /** Whether its end was reached: when it was not, the connection cannot serve another request. */
  readonly isWhole: boolean;
}

/** Reads a request's body, of which no more is kept than a password can have. */
export async function readBody(request: IncomingMessage): Promise<ReadBody> {
  const { 'content-length': length = '0', 'transfer-encoding': coding } = request.headers;
  if (length === '0' && coding === undefined) return { body: NONE, isWhole: true };
  const kept: Buffer[] = [];
  let size = 0;
  // Left by `return`, this would destroy the socket before the answer is written.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= PASSWORD_BYTES_MAX) kept.push(chunk);
    if (size > DRAINED_BYTES_MAX) return { body: 'too-large', isWhole: false };
  }
  return { body: size > PASSWORD_BYTES_MAX ? 'too-large' : Buffer.concat(kept), isWhole: true };
}
