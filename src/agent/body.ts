import type { IncomingMessage } from 'node:http';
import { Refusal } from './refuse.ts';

/** Tells whether a request says that it has a body (RFC 9112 section 6.3). */
export function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

/**
 * The whole body of a request. Nova is asked once it is there: a body that never comes whole costs no connection to nova,
 * and a request that could not be delivered can be delivered to another address.
 *
 * @throws {Refusal} `body-too-large`, `client-left`
 */
export async function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) throw new Refusal('body-too-large');
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > bytesMax) throw new Refusal('body-too-large');
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal('client-left', { cause: error });
  }
  return Buffer.concat(chunks, length);
}
