import { at, CR, LF, SP, TARGET, TOKEN } from './characters.ts';
import type { Reason } from './refuse.ts';
import { reduceTarget } from './target.ts';

/** A parsing step found no end in the bytes there are. */
export const MORE = 'more';
/** Undefined when the step succeeded. */
export type Step = Reason | typeof MORE | undefined;

/** Longest method taken for one. No method registered with IANA is longer than 17 bytes. */
const METHOD_BYTES_MAX = 32;
const VERSION = Buffer.from('HTTP/1.1', 'latin1');

/** A byte that may not stand there; a lone CR or LF is named as such. */
export function malformedAt(bytes: Uint8Array, index: number, end: number, otherwise: Reason): Step {
  const byte = at(bytes, index);
  if (byte === LF) return 'line-end-malformed';
  if (byte !== CR) return otherwise;
  if (index + 1 === end) return MORE;
  return at(bytes, index + 1) === LF ? otherwise : 'line-end-malformed';
}

/** Parser of the request line (RFC 9112 section 3). The fields hold the last line that was good. */
export class RequestLine {
  method = '';
  /** In origin form, or `*`. */
  target = '';
  /** What an absolute-form target named, to be sent as Host. */
  authority: string | undefined;
  /** Minor version of HTTP/1. */
  minor = 0;
  /** Offset after the line. */
  end = 0;

  parse(bytes: Buffer, start: number, end: number, targetBytesMax: number): Step {
    let index = start;
    while (index < end && TOKEN[at(bytes, index)] === 1) index += 1;
    if (index - start > METHOD_BYTES_MAX) return 'request-line-malformed';
    if (index === end) return MORE;
    if (index === start || at(bytes, index) !== SP) return malformedAt(bytes, index, end, 'request-line-malformed');
    this.method = methodOf(bytes, start, index);
    const targetStart = index + 1;
    index = targetStart;
    while (index < end && TARGET[at(bytes, index)] === 1) index += 1;
    if (index - targetStart > targetBytesMax) return 'target-too-long';
    if (index === end) return MORE;
    if (index === targetStart) return malformedAt(bytes, index, end, 'request-line-malformed');
    if (at(bytes, index) !== SP) {
      return malformedAt(bytes, index, end, at(bytes, index) === CR ? 'request-line-malformed' : 'target-malformed');
    }
    this.target = bytes.toString('latin1', targetStart, index);
    return this.#version(bytes, index + 1, end) ?? this.#check();
  }

  #version(bytes: Buffer, start: number, end: number): Step {
    for (let index = 0; index < VERSION.length; index += 1) {
      if (start + index === end) return MORE;
      const byte = at(bytes, start + index);
      const isDigit = byte >= 0x30 && byte <= 0x39;
      if (index === 5 || index === 7 ? !isDigit : byte !== VERSION[index]) {
        return malformedAt(bytes, start + index, end, 'request-line-malformed');
      }
    }
    const lineEnd = start + VERSION.length;
    if (lineEnd === end) return MORE;
    if (at(bytes, lineEnd) !== CR) return malformedAt(bytes, lineEnd, end, 'request-line-malformed');
    if (lineEnd + 1 === end) return MORE;
    if (at(bytes, lineEnd + 1) !== LF) return 'line-end-malformed';
    this.end = lineEnd + 2;
    this.minor = at(bytes, start + 7) - 0x30;
    return at(bytes, start + 5) === 0x31 && this.minor <= 1 ? undefined : 'version-unsupported';
  }

  /** CONNECT and TRACE are refused in any case, because agents turn methods into upper case (contract.md 2.4). */
  #check(): Step {
    const method = this.method;
    this.authority = undefined;
    if (method.length === 7 && method.toUpperCase() === 'CONNECT') return 'method-refused';
    if (method.length === 5 && method.toUpperCase() === 'TRACE') return 'method-refused';
    if (this.target.charCodeAt(0) === 0x2f) return undefined;
    const reduced = reduceTarget(this.target, method);
    if (reduced === undefined) return 'target-malformed';
    this.target = reduced.target;
    this.authority = reduced.authority;
    return undefined;
  }
}

/** The method as a string; the usual one without making it anew. */
function methodOf(bytes: Buffer, start: number, end: number): string {
  const isGet =
    end - start === 3 && at(bytes, start) === 0x47 && at(bytes, start + 1) === 0x45 && at(bytes, start + 2) === 0x54;
  return isGet ? 'GET' : bytes.toString('latin1', start, end);
}
