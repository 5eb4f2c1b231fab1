import { at, COLON, HOST } from './characters.ts';

/** Tells whether a Host value has the shape `host [":" port]`; empty is allowed (RFC 9112 section 3.2). */
export function isHost(bytes: Uint8Array, start: number, end: number): boolean {
  let index = start;
  if (index < end && at(bytes, index) === 0x5b) {
    while (index < end && at(bytes, index) !== 0x5d) {
      if (HOST[at(bytes, index)] === 0) return false;
      index += 1;
    }
    if (index === end) return false;
    index += 1;
  } else {
    while (index < end && at(bytes, index) !== COLON) {
      const byte = at(bytes, index);
      if (HOST[byte] === 0 || byte === 0x5b || byte === 0x5d) return false;
      index += 1;
    }
  }
  if (index === end) return true;
  if (at(bytes, index) !== COLON) return false;
  for (index += 1; index < end; index += 1) if (at(bytes, index) < 0x30 || at(bytes, index) > 0x39) return false;
  return true;
}
