import { at, COLON, CR, isBlank, LF, TOKEN, VALUE } from './characters.ts';
import { ConnectionOptions, isChunked, NO_OPTIONS, parseContentLength } from './framing.ts';
import { LINE, type Line, lineOf } from './headers.ts';
import { isHost } from './host.ts';
import type { Reason } from './refuse.ts';
import { MORE, malformedAt, RequestLine, type Step } from './request-line.ts';
import { UTF8_CUT, utf8SizeAt } from './utf8.ts';

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

/** Sent as Host for HTTP/1.0 clients that name none (RFC 9112 section 3.2). */
const DEFAULT_HOST = '169.254.169.254';

/**
 * Strict parser of request heads (RFC 9112). One instance parses one head at a time and is used again;
 * it holds no state between calls of `parse`.
 */
export class HeadParser {
  readonly #limits: HeadLimits;
  readonly #line = new RequestLine();
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #end = 0;
  #hostStart = -1;
  #hostEnd = 0;
  #length = -1;
  #encoded = false;
  #chunked = false;
  #expects = false;
  #connection: ConnectionOptions | undefined;
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
    const { headBytes, targetBytes } = this.#limits;
    const lineStep = this.#line.parse(bytes, start, end, targetBytes);
    if (lineStep === MORE) return end - start > headBytes ? 'target-too-long' : undefined;
    if (lineStep !== undefined) return lineStep;
    this.#begin(bytes, end);
    const step = this.#headerLines();
    if (step === MORE) return end - start > headBytes ? 'head-too-large' : undefined;
    if (step !== undefined) return step;
    if (this.#at - start > headBytes) return 'head-too-large';
    return this.#check() ?? this.#result();
  }

  #begin(bytes: Buffer, end: number): void {
    this.#bytes = bytes;
    this.#at = this.#line.end;
    this.#end = end;
    this.#hostStart = -1;
    this.#length = -1;
    this.#encoded = false;
    this.#chunked = false;
    this.#expects = false;
    this.#connection = undefined;
    this.#lines.length = 0;
  }

  #headerLines(): Step {
    let count = 0;
    for (;;) {
      if (this.#at === this.#end) return MORE;
      if (at(this.#bytes, this.#at) === CR) {
        if (this.#at + 1 === this.#end) return MORE;
        if (at(this.#bytes, this.#at + 1) !== LF) return 'line-end-malformed';
        this.#at += 2;
        return undefined;
      }
      const step = this.#headerLine();
      if (step !== undefined) return step;
      count += 1;
      if (count > this.#limits.headerCount) return 'headers-too-many';
    }
  }

  /** A folded line begins with a blank and therefore has no name (RFC 9112 section 5.2). */
  #headerLine(): Step {
    const bytes = this.#bytes;
    const end = this.#end;
    const start = this.#at;
    let index = start;
    while (index < end && TOKEN[at(bytes, index)] === 1) index += 1;
    if (index === end) return MORE;
    if (index === start || at(bytes, index) !== COLON) return malformedAt(bytes, index, end, 'header-malformed');
    const nameEnd = index;
    do index += 1;
    while (index < end && isBlank(at(bytes, index)));
    const valueStart = index;
    for (;;) {
      while (index < end && VALUE[at(bytes, index)] === 1) index += 1;
      if (index === end) return MORE;
      if (at(bytes, index) < 0x80) break;
      const size = utf8SizeAt(bytes, index, end);
      if (size === UTF8_CUT) return MORE;
      if (size === 0) return 'header-malformed';
      index += size;
    }
    if (at(bytes, index) !== CR) return malformedAt(bytes, index, end, 'header-malformed');
    if (index + 1 === end) return MORE;
    if (at(bytes, index + 1) !== LF) return 'line-end-malformed';
    this.#at = index + 2;
    while (index > valueStart && isBlank(at(bytes, index - 1))) index -= 1;
    const line = lineOf(bytes, start, nameEnd);
    this.#lines.push(line, start, nameEnd, this.#at);
    return line === LINE.pass || line === LINE.drop ? undefined : this.#special(line, valueStart, index);
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
        this.#connection ??= new ConnectionOptions();
        this.#connection.read(this.#bytes.toString('latin1', start, end));
        return undefined;
      default:
        this.#expects = true;
        return this.#bytes.toString('latin1', start, end).toLowerCase() === '100-continue'
          ? undefined
          : 'expectation-unsupported';
    }
  }

  /** What only the whole head shows: Host (RFC 9112 section 3.2) and framing (section 6). */
  #check(): Reason | undefined {
    const { minor } = this.#line;
    if (this.#hostStart === -1 ? minor === 1 : !isHost(this.#bytes, this.#hostStart, this.#hostEnd))
      return 'host-malformed';
    if (!this.#encoded) return undefined;
    if (this.#length !== -1) return 'framing-ambiguous';
    if (minor === 0) return 'transfer-encoding-malformed';
    return this.#chunked ? undefined : 'transfer-encoding-unsupported';
  }

  #result(): RequestHead {
    const { method, target, minor, authority } = this.#line;
    const host = authority ?? (this.#hostStart === -1 ? DEFAULT_HOST : undefined);
    const { close, keepAlive } = this.#connection ?? NO_OPTIONS;
    const passed = this.#passedRuns(host === undefined);
    let passedBytes = 0;
    for (let run = 0; run < passed.length; run += 2) passedBytes += (passed[run + 1] ?? 0) - (passed[run] ?? 0);
    return {
      method,
      target,
      minor,
      host,
      keepAlive: !close && (minor === 1 || keepAlive),
      bodyBytes: this.#chunked ? -1 : Math.max(0, this.#length),
      expectsContinue: this.#expects && minor === 1,
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
    const named = this.#connection?.names ?? NO_OPTIONS.names;
    for (let index = 0; index < lines.length; index += 4) {
      const line = lines[index];
      const start = lines[index + 1] ?? 0;
      if (line !== LINE.pass && !(line === LINE.host && withHost)) continue;
      if (line === LINE.pass && named.length > 0) {
        const name = this.#bytes.toString('latin1', start, lines[index + 2]).toLowerCase();
        if (named.includes(name)) continue;
      }
      const end = lines[index + 3] ?? 0;
      if (runs.length > 0 && runs[runs.length - 1] === start) runs[runs.length - 1] = end;
      else runs.push(start, end);
    }
    return runs;
  }
}
