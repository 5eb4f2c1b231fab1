import { Refusal } from './refuse.ts';

const ABSOLUTE = /^http:\/\/[^/?#]*/i;
/** What undici and RFC 9112 take: no blanks, no control characters. A fragment is for clients alone. */
const SENDABLE = /^[\u0021-\u0022\u0024-\u007e]+$/;

/**
 * The path with its query that nova is asked for: the same characters as the client sent. The absolute form that proxies
 * may send becomes the path in it.
 *
 * @throws {Refusal} `target-malformed`
 */
export function pathOf(target: string): string {
  const path = target.startsWith('/') ? target : target.replace(ABSOLUTE, '');
  const whole = path.startsWith('/') ? path : `/${path}`;
  const isMeant = path.startsWith('/') || (path !== target && (path === '' || path.startsWith('?')));
  if (!isMeant || !SENDABLE.test(whole)) throw new Refusal('target-malformed');
  return whole;
}
