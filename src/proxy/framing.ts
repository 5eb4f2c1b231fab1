import { at } from './characters.ts';

/**
 * Reads a Content-Length (RFC 9110 section 8.6): digits alone. -1 when it is anything else, Infinity beyond what a number holds exactly.
 */
export function parseContentLength(bytes: Uint8Array, start: number, end: number): number {
  if (start === end) return -1;
  let length = 0;
  for (let index = start; index < end; index += 1) {
    const digit = at(bytes, index) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    length = length * 10 + digit;
  }
  return Number.isSafeInteger(length) ? length : Number.POSITIVE_INFINITY;
}

const CHUNKED = Buffer.from('chunked', 'latin1');

/** Tells whether a Transfer-Encoding value is `chunked` and nothing else; coding names know no case (RFC 9112 section 7). */
export function isChunked(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== CHUNKED.length) return false;
  for (let index = 0; index < CHUNKED.length; index += 1) {
    if ((at(bytes, start + index) | 0x20) !== CHUNKED[index]) return false;
  }
  return true;
}

/** What a message's Connection lines say (RFC 9110 section 7.6.1). */
export class ConnectionOptions {
  close = false;
  keepAlive = false;
  /** Names of further hop-by-hop headers, in lower case. */
  readonly names: string[] = [];

  read(value: string): void {
    for (const part of value.toLowerCase().split(',')) {
      const option = part.trim();
      if (option === 'close') this.close = true;
      else if (option === 'keep-alive') this.keepAlive = true;
      else if (option !== '') this.names.push(option);
    }
  }
}

/** Of a message without Connection lines. */
export const NO_OPTIONS: Readonly<ConnectionOptions> = new ConnectionOptions();
