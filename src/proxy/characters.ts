/** Lookup tables over single bytes, so that parsers need no regular expressions on the hot path. */

export const CR = 0x0d;
export const LF = 0x0a;
export const SP = 0x20;
export const HTAB = 0x09;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const EQUALS = 0x3d;
export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;
export const HYPHEN = 0x2d;

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const DIGITS = '0123456789';

function tableOf(characters: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const character of characters) table[character.charCodeAt(0)] = 1;
  return table;
}

function rangeOf(first: number, last: number, except = ''): Uint8Array {
  const table = new Uint8Array(256);
  table.fill(1, first, last + 1);
  for (const character of except) table[character.charCodeAt(0)] = 0;
  return table;
}

/** `tchar` of RFC 9110 section 5.6.2. */
export const TOKEN = tableOf(`!#$%&'*+-.^_\`|~${DIGITS}${LETTERS}`);

/** Visible ASCII without `#`: what may stand in a request target. RFC 3986 is narrower; clients in use are not. */
export const TARGET = rangeOf(0x21, 0x7e, '#');

/** What may stand in a request's header value besides UTF-8: HTAB, space, visible ASCII (RFC 9110 section 5.5). */
export const VALUE = rangeOf(0x20, 0x7e);
VALUE[HTAB] = 1;

/** What may stand in a reply's header value: the same and obs-text. */
export const REPLY_VALUE = rangeOf(0x20, 0xff, '\x7f');
REPLY_VALUE[HTAB] = 1;

/** Characters of `uri-host [ ":" port ]` (RFC 3986 section 3.2.2); zones of link-local literals bring a `%`. */
export const HOST = tableOf(`-._~%!$&'()*+,;=:[]${DIGITS}${LETTERS}`);

/** Value of a hexadecimal digit plus one; 0 for anything else. */
export const HEX = new Uint8Array(256);
for (let digit = 0; digit < 16; digit += 1) {
  HEX[digit.toString(16).charCodeAt(0)] = digit + 1;
  HEX[digit.toString(16).toUpperCase().charCodeAt(0)] = digit + 1;
}

/**
 * A name's byte as it counts for comparing names: lower case, and every punctuation mark of a token as `-`,
 * because WSGI agents cannot tell `X_Forwarded_For` from `X-Forwarded-For`. 0 when the byte is not of a token.
 */
export const FOLDED = new Uint8Array(256);
for (let byte = 0; byte < 256; byte += 1) {
  if (TOKEN[byte] === 0) continue;
  const character = String.fromCharCode(byte).toLowerCase();
  FOLDED[byte] = /[a-z0-9]/.test(character) ? character.charCodeAt(0) : HYPHEN;
}

/** A byte of the range that a parser has checked to exist. */
export function at(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}

/** Tells whether the byte is optional whitespace (OWS, RFC 9110 section 5.6.3). */
export function isBlank(byte: number): boolean {
  return byte === SP || byte === HTAB;
}
