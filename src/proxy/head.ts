import { at, COLON, CR, isBlank, LF, SP, TARGET, TOKEN, VALUE } from './characters.ts';
import { ConnectionOptions, isChunked, parseContentLength } from './framing.ts';
import { LINE, type Line, lineOf } from './headers.ts';
import { isHost } from './host.ts';
import type { Reason } from './refuse.ts';
import { reduceTarget } from './target.ts';

export interface HeadLimits {
  readonly headBytes: number;
  readonly headerCount: number;
  readonly targetBytes: number;
}

/** A request's head that was found to be good. Offsets point into `bytes`. */
export interface RequestHead {
  readonly method: string;
  /** In origin form, or `*`. */
  readonly target: string;
  /** Minor version of HTTP/1. */
  readonly minor: number;
  /** A Host to send instead of the client's line; undefined when that line is passed on. */
  readonly host: string | undefined;
  /** Whether the client wants to go on using the connection. */
  readonly keepAlive: boolean;
  /** Declared size of the body; 0 without one; -1 when it comes in chunks. */
  readonly bodyBytes: number;
  readonly expectsContinue: boolean;
  readonly bytes: Buffer;
  /** Header lines to pass on: pairs of start and end offsets, each a run of whole lines with their CR LF. */
  readonly passed: readonly number[];
  readonly passedBytes: number;
  /** Offset after the head's empty line. */
  readonly end: number;
}

/** The step found no end in the bytes there are. */
const MORE = 'more';
type Step = Reason | typeof MORE | undefined;

/** Longest method taken for one. No method registered with IANA is longer than 17 bytes. */
const METHOD_BYTES_MAX = 32;
/** `HTTP/1.1` */
const VERSION_BYTES = 8;
/** Sent as Host for HTTP/1.0 clients that name none (RFC 9112 section 3.2). */
const DEFAULT_HOST = '169.254.169.254';
const VERSION_PREFIX = Buffer.from('HTTP/', 'latin1');

/**
 * Strict parser of request heads (RFC 9112). One instance parses one head at a time and is used again;
 * it holds no state between calls of `parse`.
 */
export class HeadParser {
  readonly #limits: HeadLimits;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #end = 0;
  #method = '';
  #target = '';
  #minor = 0;
  #count = 0;
  #hostStart = -1;
  #hostEnd = 0;
  #authority: string | undefined;
  #length = -1;
  #encoded = false;
  #chunked = false;
  #expects = false;
  #connection = new ConnectionOptions();
  /** Per header line: what becomes of it, start, end of name, end with CR LF. */
  #lines: number[] = [];

  constructor(limits: HeadLimits) {
    this.#limits = limits;
  }

  /**
   * Parses the head that begins at `start`.
   *
   * @returns the head, why it is refused, or undefined while its end has not arrived
   */
  parse(bytes: Buffer, start: number, end: number): RequestHead | Reason | undefined {
    this.#begin(bytes, start, end);
    let step = this.#requestLine();
    const lineEnd = step === undefined ? this.#at : -1;
    step ??= this.#headerLines();
    if (step === MORE) {
      if (end - start <= this.#limits.headBytes) return undefined;
      return lineEnd === -1 ? 'target-too-long' : 'head-too-large';
    }
    if (step !== undefined) return step;
    if (this.#at - start > this.#limits.headBytes) return 'head-too-large';
    return this.#semantics() ?? this.#result();
  }

  #begin(bytes: Buffer, start: number, end: number): void {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#count = 0;
    this.#hostStart = -1;
    this.#authority = undefined;
    this.#length = -1;
    this.#encoded = false;
    this.#chunked = false;
    this.#expects = false;
    this.#connection = new ConnectionOptions();
    this.#lines.length = 0;
  }

  #requestLine(): Step {
    const bytes = this.#bytes;
    const end = this.#end;
    const start = this.#at;
    let index = start;
    while (index < end && TOKEN[at(bytes, index)] === 1) index += 1;
    if (index - start > METHOD_BYTES_MAX) return 'request-line-malformed';
    if (index === end) return MORE;
    if (index === start || at(bytes, index) !== SP) return this.#malformedAt(index, 'request-line-malformed');
    this.#method = methodOf(bytes, start, index);
    const targetStart = index + 1;
    index = targetStart;
    while (index < end && TARGET[at(bytes, index)] === 1) index += 1;
    if (index - targetStart > this.#limits.targetBytes) return 'target-too-long';
    if (index === end) return MORE;
    if (index === targetStart) return this.#malformedAt(index, 'request-line-malformed');
    if (at(bytes, index) !== SP) return this.#malformedAt(index, 'target-malformed');
    this.#target = bytes.latin1Slice(targetStart, index);
    this.#at = index + 1;
    return this.#version() ?? this.#checkRequestLine();
  }

  #version(): Step {
    const bytes = this.#bytes;
    const start = this.#at;
    for (let index = 0; index < VERSION_BYTES; index += 1) {
      if (start + index === this.#end) return MORE;
      const byte = at(bytes, start + index);
      const good = index < 5 ? byte === VERSION_PREFIX[index] : index === 6 ? byte === 0x2e : byte >= 0x30 && byte <= 0x39;
      if (!good) return this.#malformedAt(start + index, 'request-line-malformed');
    }
    const end = start + VERSION_BYTES;
    if (end === this.#end) return MORE;
    if (at(bytes, end) !== CR) return this.#malformedAt(end, 'request-line-malformed');
    if (end + 1 === this.#end) return MORE;
    if (at(bytes, end + 1) !== LF) return 'line-end-malformed';
    this.#at = end + 2;
    this.#minor = at(bytes, start + 7) - 0x30;
    return at(bytes, start + 5) === 0x31 && this.#minor <= 1 ? undefined : 'version-unsupported';
  }

  /** CONNECT and TRACE are refused in any case, because agents turn methods into upper case (contract.md 2.4). */
  #checkRequestLine(): Step {
    const method = this.#method;
    if (method.length === 7 && method.toUpperCase() === 'CONNECT') return 'method-refused';
    if (method.length === 5 && method.toUpperCase() === 'TRACE') return 'method-refused';
    if (this.#target.charCodeAt(0) === 0x2f) return undefined;
    const reduced = reduceTarget(this.#target, method);
    if (reduced === undefined) return 'target-malformed';
    this.#target = reduced.target;
    this.#authority = reduced.authority;
    return undefined;
  }

  #headerLines(): Step {
    for (;;) {
      if (this.#at === this.#end) return MORE;
      const first = at(this.#bytes, this.#at);
      if (first === CR) {
        if (this.#at + 1 === this.#end) return MORE;
        if (at(this.#bytes, this.#at + 1) !== LF) return 'line-end-malformed';
        this.#at += 2;
        return undefined;
      }
      const step = this.#headerLine();
      if (step !== undefined) return step;
      this.#count += 1;
      if (this.#count > this.#limits.headerCount) return 'headers-too-many';
    }
  }

  #headerLine(): Step {
    const bytes = this.#bytes;
    const end = this.#end;
    const start = this.#at;
    let index = start;
    while (index < end && TOKEN[at(bytes, index)] === 1) index += 1;
    if (index === end) return MORE;
    if (index === start || at(bytes, index) !== COLON) return this.#malformedAt(index, 'header-malformed');
    const nameEnd = index;
    do index += 1;
    while (index < end && isBlank(at(bytes, index)));
    const valueStart = index;
    while (index < end && VALUE[at(bytes, index)] === 1) index += 1;
    if (index === end) return MORE;
    if (at(bytes, index) !== CR) return this.#malformedAt(index, 'header-malformed');
    if (index + 1 === end) return MORE;
    if (at(bytes, index + 1) !== LF) return 'line-end-malformed';
    this.#at = index + 2;
    while (index > valueStart && isBlank(at(bytes, index - 1))) index -= 1;
    const line = lineOf(bytes, start, nameEnd);
    this.#lines.push(line, start, nameEnd, this.#at);
    return line === LINE.pass || line === LINE.drop ? undefined : this.#special(line, valueStart, index);
  }

  /** A lone CR or LF is named as such wherever it stands. */
  #malformedAt(index: number, otherwise: Reason): Reason | typeof MORE {
    const byte = at(this.#bytes, index);
    if (byte === LF) return 'line-end-malformed';
    if (byte !== CR) return otherwise;
    if (index + 1 === this.#end) return MORE;
    return at(this.#bytes, index + 1) === LF ? otherwise : 'line-end-malformed';
  }

  #special(line: Line, start: number, end: number): Step {
    switch (line) {
      case LINE.host:
        if (this.#hostStart !== -1) return 'host-malformed';
        this.#hostStart = start;
        this.#hostEnd = end;
        return undefined;
      case LINE.contentLength:
        if (this.#length !== -1) return 'content-length-malformed';
        this.#length = parseContentLength(this.#bytes, start, end);
        return this.#length === -1 ? 'content-length-malformed' : undefined;
      case LINE.transferEncoding:
        if (this.#encoded || start === end) return 'transfer-encoding-malformed';
        this.#encoded = true;
        this.#chunked = isChunked(this.#bytes, start, end);
        return undefined;
      case LINE.connection:
        this.#connection.read(this.#bytes.latin1Slice(start, end));
        return undefined;
      default:
        this.#expects = true;
        return this.#bytes.latin1Slice(start, end).toLowerCase() === '100-continue' ? undefined : 'expectation-unsupported';
    }
  }

  #semantics(): Reason | undefined {
    if (this.#hostStart === -1 ? this.#minor === 1 : !isHost(this.#bytes, this.#hostStart, this.#hostEnd)) return 'host-malformed';
    if (!this.#encoded) return undefined;
    if (this.#length !== -1) return 'framing-ambiguous';
    if (this.#minor === 0) return 'transfer-encoding-malformed';
    return this.#chunked ? undefined : 'transfer-encoding-unsupported';
  }

  #result(): RequestHead {
    const host = this.#authority ?? (this.#hostStart === -1 ? DEFAULT_HOST : undefined);
    const { close, keepAlive } = this.#connection;
    const passed = this.#passedRuns(host === undefined);
    let passedBytes = 0;
    for (let run = 0; run < passed.length; run += 2) passedBytes += (passed[run + 1] ?? 0) - (passed[run] ?? 0);
    return {
      method: this.#method,
      target: this.#target,
      minor: this.#minor,
      host,
      keepAlive: !close && (this.#minor === 1 || keepAlive),
      bodyBytes: this.#chunked ? -1 : Math.max(0, this.#length),
      expectsContinue: this.#expects && this.#minor === 1,
      bytes: this.#bytes,
      passed,
      passedBytes,
      end: this.#at,
    };
  }

  /** Runs of lines to pass on. Connection cannot name Host away: it is not hop-by-hop whatever the client says. */
  #passedRuns(withHost: boolean): number[] {
    const runs: number[] = [];
    const lines = this.#lines;
    const named = this.#connection.names;
    for (let index = 0; index < lines.length; index += 4) {
      const line = lines[index];
      const start = lines[index + 1] ?? 0;
      if (line !== LINE.pass && !(line === LINE.host && withHost)) continue;
      if (line === LINE.pass && named.length > 0) {
        const name = this.#bytes.latin1Slice(start, lines[index + 2]).toLowerCase();
        if (named.includes(name)) continue;
      }
      const end = lines[index + 3] ?? 0;
      if (runs.length > 0 && runs[runs.length - 1] === start) runs[runs.length - 1] = end;
      else runs.push(start, end);
    }
    return runs;
  }
}

/** The method as a string; the usual ones without a new string. */
function methodOf(bytes: Buffer, start: number, end: number): string {
  if (end - start === 3 && at(bytes, start) === 0x47 && at(bytes, start + 1) === 0x45 && at(bytes, start + 2) === 0x54) return 'GET';
  return bytes.latin1Slice(start, end);
}

/** Tells whether the bytes are an empty line, the beginning of one, or neither. */
export function emptyLineAt(bytes: Uint8Array, start: number, end: number): 'empty' | 'perhaps' | 'no' {
  if (at(bytes, start) !== CR) return 'no';
  if (start + 1 === end) return 'perhaps';
  return at(bytes, start + 1) === LF ? 'empty' : 'no';
}
