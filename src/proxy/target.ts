import { isHost } from './host.ts';

const SCHEME = 'http://';

/**
 * Reduces a target that is not in origin form (RFC 9112 section 3.2): `*` for OPTIONS, and absolute URIs of the scheme http,
 * whose authority takes the place of Host. Userinfo is refused (RFC 9110 section 4.2.4).
 *
 * @returns undefined when it is no such target
 */
export function reduceTarget(
  target: string,
  method: string,
): { target: string; authority: string | undefined } | undefined {
  if (target === '*') return method === 'OPTIONS' ? { target, authority: undefined } : undefined;
  if (target.slice(0, SCHEME.length).toLowerCase() !== SCHEME) return undefined;
  const pathStart = target.slice(SCHEME.length).search(/[/?]/);
  const end = pathStart === -1 ? target.length : SCHEME.length + pathStart;
  const authority = target.slice(SCHEME.length, end);
  const bytes = Buffer.from(authority, 'latin1');
  if (authority === '' || authority.startsWith(':') || !isHost(bytes, 0, bytes.length)) return undefined;
  const rest = target.slice(end);
  if (rest === '') return { target: method === 'OPTIONS' ? '*' : '/', authority };
  return { target: rest.startsWith('/') ? rest : `/${rest}`, authority };
}
