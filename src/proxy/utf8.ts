import { at } from './characters.ts';

/** The character's bytes are not all there. */
export const UTF8_CUT = -1;

/**
 * Size in bytes of the UTF-8 character (RFC 3629) of two bytes or more that begins at `start`.
 *
 * @returns 0 when it is none, or a control character (U+0080 to U+009F), which some readers take for a line end
 */
export function utf8SizeAt(bytes: Uint8Array, start: number, end: number): number {
  const lead = at(bytes, start);
  const size =
    lead >= 0xc2 && lead <= 0xdf ? 2 : lead >= 0xe0 && lead <= 0xef ? 3 : lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
  if (size === 0) return 0;
  if (start + 1 === end) return UTF8_CUT;
  const second = at(bytes, start + 1);
  if (second < lowestSecond(lead) || second > highestSecond(lead)) return 0;
  for (let index = start + 2; index < start + size; index += 1) {
    if (index === end) return UTF8_CUT;
    if ((at(bytes, index) & 0xc0) !== 0x80) return 0;
  }
  return size;
}

/** Keeps out overlong forms, and after 0xC2 the control characters. */
function lowestSecond(lead: number): number {
  if (lead === 0xc2 || lead === 0xe0) return 0xa0;
  return lead === 0xf0 ? 0x90 : 0x80;
}

/** Keeps out surrogates and what lies beyond U+10FFFF. */
function highestSecond(lead: number): number {
  if (lead === 0xed) return 0x9f;
  return lead === 0xf4 ? 0x8f : 0xbf;
}
