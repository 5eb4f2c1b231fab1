import { at, COLON, CR, isBlank, LF, REPLY_VALUE, SP, TOKEN } from './characters.ts';
import { ConnectionOptions, isChunked, NO_OPTIONS, parseContentLength } from './framing.ts';

/** Largest reply head that is read. */
export const REPLY_HEAD_BYTES_MAX = 65_536;

/** How the end of a reply's body is found: a number of bytes, chunks, or the end of the connection. */
export type ReplyFraming = number | 'chunked' | 'eof';

/** The head of an agent's reply, ready to be passed on. */
export interface ReplyHead {
  readonly status: number;
  /** Status code and reason phrase, as the agent gave them. */
  readonly statusText: string;
  /** End-to-end header lines, each with CR LF, without Content-Length. */
  readonly lines: string;
  /** Content-Length as stated, -1 without one. With HEAD it may be stated although no body follows. */
  readonly contentLength: number;
  readonly framing: ReplyFraming;
  /** Whether it has no body by rule, whatever its headers say: a reply to HEAD, 204, 304. */
  readonly bodiless: boolean;
  /** Whether it may state a Content-Length at all: not with 204 (RFC 9110 section 8.6). */
  readonly statesLength: boolean;
  /** Whether the agent says, or its version implies, that it keeps the connection open. */
  readonly keepAlive: boolean;
  /** An interim reply (1xx), after which the real one follows. */
  readonly interim: boolean;
  /** Offset after the head. */
  readonly end: number;
}

export type ReplyHeadResult = ReplyHead | 'malformed' | undefined;

const VERSION = Buffer.from('HTTP/1.', 'latin1');
/** Names that are not passed on; Connection may name more. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'content-length',
]);

/**
 * Parser of reply heads, lenient where agents need it: lines may end with LF alone and the reason phrase may be missing
 * (contract.md 2.5). All that decides about framing is strict.
 */
export class ReplyParser {
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #end = 0;
  #minor = 0;
  #status = 0;
  #statusText = '';
  #names: string[] = [];
  #texts: string[] = [];
  #lengths = 0;
  #length = -1;
  #encodings = 0;
  #chunked = false;
  #connection: ConnectionOptions | undefined;

  /**
   * Parses the head that begins at `start`.
   *
   * @param toHead whether it replies to a HEAD request
   * @returns undefined while its end has not arrived
   */
  parse(bytes: Buffer, start: number, end: number, toHead: boolean): ReplyHeadResult {
    this.#begin(bytes, start, end);
    const good = this.#statusLine() && this.#headerLines();
    if (good) return this.#result(toHead);
    if (this.#at === -1) return 'malformed';
    return end - start > REPLY_HEAD_BYTES_MAX ? 'malformed' : undefined;
  }

  #begin(bytes: Buffer, start: number, end: number): void {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#names.length = 0;
    this.#texts.length = 0;
    this.#lengths = 0;
    this.#length = -1;
    this.#encodings = 0;
    this.#chunked = false;
    this.#connection = undefined;
  }

  /** Marks the reply as malformed; otherwise a step that returns false lacks bytes. */
  #malformed(): false {
    this.#at = -1;
    return false;
  }

  #statusLine(): boolean {
    const bytes = this.#bytes;
    const start = this.#at;
    for (let index = 0; index < VERSION.length; index += 1) {
      if (start + index === this.#end) return false;
      if (at(bytes, start + index) !== VERSION[index]) return this.#malformed();
    }
    const lineEnd = bytes.indexOf(LF, start);
    if (lineEnd === -1 || lineEnd >= this.#end) return false;
    const textEnd = at(bytes, lineEnd - 1) === CR ? lineEnd - 1 : lineEnd;
    const minor = at(bytes, start + 7) - 0x30;
    const codeStart = start + 9;
    const codeEnd = codeStart + 3;
    const status = textEnd < codeEnd ? -1 : parseContentLength(bytes, codeStart, codeEnd);
    if (minor < 0 || minor > 1 || at(bytes, start + 8) !== SP || status < 100 || status >= 600)
      return this.#malformed();
    if (textEnd > codeEnd && at(bytes, codeEnd) !== SP) return this.#malformed();
    for (let index = codeEnd; index < textEnd; index += 1)
      if (REPLY_VALUE[at(bytes, index)] === 0) return this.#malformed();
    this.#minor = minor;
    this.#status = status;
    this.#statusText = textEnd > codeEnd ? bytes.toString('latin1', codeStart, textEnd) : `${status} `;
    this.#at = lineEnd + 1;
    return true;
  }

  #headerLines(): boolean {
    const bytes = this.#bytes;
    for (;;) {
      if (this.#at === this.#end) return false;
      const byte = at(bytes, this.#at);
      if (byte === LF) {
        this.#at += 1;
        return true;
      }
      if (byte === CR) {
        if (this.#at + 1 === this.#end) return false;
        if (at(bytes, this.#at + 1) !== LF) return this.#malformed();
        this.#at += 2;
        return true;
      }
      if (!this.#headerLine()) return false;
    }
  }

  #headerLine(): boolean {
    const bytes = this.#bytes;
    const end = this.#end;
    const start = this.#at;
    let index = start;
    while (index < end && TOKEN[at(bytes, index)] === 1) index += 1;
    if (index === end) return false;
    if (index === start || at(bytes, index) !== COLON) return this.#malformed();
    const name = bytes.toString('latin1', start, index);
    do index += 1;
    while (index < end && isBlank(at(bytes, index)));
    const valueStart = index;
    while (index < end && REPLY_VALUE[at(bytes, index)] === 1) index += 1;
    if (index === end) return false;
    let next = index;
    if (at(bytes, next) === CR) next += 1;
    if (next === end) return false;
    if (at(bytes, next) !== LF) return this.#malformed();
    while (index > valueStart && isBlank(at(bytes, index - 1))) index -= 1;
    this.#at = next + 1;
    const lower = name.toLowerCase();
    this.#names.push(lower);
    this.#texts.push(`${name}: ${bytes.toString('latin1', valueStart, index)}\r\n`);
    this.#special(lower, valueStart, index);
    return true;
  }

  #special(name: string, start: number, end: number): void {
    if (name === 'content-length') {
      const length = parseContentLength(this.#bytes, start, end);
      // Equal repetitions count as one (RFC 9110 section 8.6); anything else makes the length unusable.
      if (this.#lengths > 0 && length !== this.#length) this.#length = -1;
      else this.#length = Number.isFinite(length) ? length : -1;
      this.#lengths += 1;
    } else if (name === 'transfer-encoding') {
      this.#encodings += 1;
      this.#chunked = isChunked(this.#bytes, start, end);
    } else if (name === 'connection') {
      this.#connection ??= new ConnectionOptions();
      this.#connection.read(this.#bytes.toString('latin1', start, end));
    }
  }

  #result(toHead: boolean): ReplyHeadResult {
    const framing = this.#framing(toHead);
    if (framing === undefined) return 'malformed';
    const { close, keepAlive, names } = this.#connection ?? NO_OPTIONS;
    let lines = '';
    for (const [index, name] of this.#names.entries()) {
      if (!HOP_BY_HOP.has(name) && !names.includes(name)) lines += this.#texts[index] ?? '';
    }
    return {
      status: this.#status,
      statusText: this.#statusText,
      lines,
      contentLength: this.#lengths > 0 ? this.#length : -1,
      framing,
      bodiless: this.#bodiless(toHead),
      statesLength: this.#status !== 204,
      interim: this.#status < 200,
      keepAlive: framing !== 'eof' && !close && (this.#minor === 1 || keepAlive),
      end: this.#at,
    };
  }

  /** RFC 9112 section 6.3, with every contradiction refused. Undefined when the end of the body cannot be known for certain. */
  #framing(toHead: boolean): ReplyFraming | undefined {
    if (this.#lengths > 0 && this.#length === -1) return undefined;
    if (this.#encodings > 0 && (this.#encodings > 1 || !this.#chunked || this.#lengths > 0 || this.#minor === 0))
      return undefined;
    if (this.#status === 101) return undefined;
    if (this.#bodiless(toHead)) return 0;
    if (this.#encodings > 0) return 'chunked';
    return this.#length === -1 ? 'eof' : this.#length;
  }

  #bodiless(toHead: boolean): boolean {
    return toHead || this.#status < 200 || this.#status === 204 || this.#status === 304;
  }
}
