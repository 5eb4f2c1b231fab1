import { isIP, SocketAddress } from 'node:net';
import { linkLocalOf, type MacAddress } from './mac-address.ts';

declare const brand: unique symbol;

/**
 * A client's address in the one form the agent gets: IPv4 unmapped, no zone. In the proxy it only ever comes from a socket's
 * peer, in the agent from X-Forwarded-For.
 */
export type ClientAddress = string & { readonly [brand]: 'ClientAddress' };

const MAPPED = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i;
const LINK_LOCAL = /^fe[89ab][0-9a-f]:/i;

/** Tells whether an address of a peer is IPv6 link-local (RFC 4291 section 2.5.6), with or without a zone. */
export function isLinkLocal(peer: string): boolean {
  return LINK_LOCAL.test(peer);
}

/**
 * Turns a peer's address, as the socket gives it, into what the agent is told (design D8):
 * IPv4-mapped becomes IPv4, a zone is cut, and a link-local address becomes the EUI-64 form of the frame's MAC,
 * so that instances with privacy addresses are found too.
 *
 * Returns undefined when the client cannot be identified: no address, or link-local with an unknown MAC.
 */
export function clientAddressOf(peer: string | undefined, mac: MacAddress | undefined): ClientAddress | undefined {
  if (peer === undefined) return undefined;
  const mapped = MAPPED.exec(peer)?.[1];
  if (mapped !== undefined) return isIP(mapped) === 4 ? (mapped as ClientAddress) : undefined;
  if (isLinkLocal(peer)) return mac === undefined ? undefined : (linkLocalOf(mac) as ClientAddress);
  const zone = peer.indexOf('%');
  const bare = zone === -1 ? peer : peer.slice(0, zone);
  return isIP(bare) === 0 ? undefined : (bare as ClientAddress);
}

/**
 * Reads what a proxy says a client's address is (contract.md 2.1): one IP literal without a zone. IPv4-mapped addresses
 * become IPv4, IPv6 takes the form of RFC 5952, so that one client has one form whichever proxy it came through.
 */
export function parseClientAddress(text: string): ClientAddress | undefined {
  const bare = MAPPED.exec(text)?.[1] ?? text;
  const family = text.includes('%') ? 0 : isIP(bare);
  if (family === 0) return undefined;
  return (family === 4 ? bare : new SocketAddress({ address: bare, family: 'ipv6' }).address) as ClientAddress;
}
