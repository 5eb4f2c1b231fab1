import type { ClientAddress } from '../identity/client-address.ts';
import type { MacAddress } from '../identity/mac-address.ts';
import type { Owner, OwnerKind } from '../identity/owner-id.ts';
import { at, FOLDED, HYPHEN } from './characters.ts';
import type { ExchangeRequest } from './exchange.ts';
import type { RequestHead } from './head.ts';

/** What becomes of a header line. */
export const LINE = {
  /** Passed on as it is. */
  pass: 0,
  /** Identity, hop-by-hop, or a special name in a spelling that only some agents take for it: never passed on, never acted on. */
  drop: 1,
  host: 2,
  contentLength: 3,
  transferEncoding: 4,
  connection: 5,
  expect: 6,
} as const;

export type Line = (typeof LINE)[keyof typeof LINE];

/**
 * Names by which something behind us might recognise a client or a tenant (design D8); `*` stands for any ending.
 * Compared folded, so in every spelling.
 */
export const IDENTITY_NAMES = [
  'x-forwarded*',
  'x-original-forwarded*',
  'forwarded*',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-remote-ip',
  'x-remote-addr',
  'true-client-ip',
  'client-ip',
  'cf-connecting-ip',
  'x-neutron*',
  'x-ovn*',
  'x-instance*',
  'x-tenant*',
  'x-project-id',
  'x-metadata-provider*',
  'x-metasteer*',
];

/** Hop-by-hop names (RFC 9110 section 7.6.1) that say nothing we act on. Upgrade is thereby ignored. */
const HOP_BY_HOP_NAMES = ['keep-alive', 'proxy-*', 'te', 'trailer', 'upgrade', 'http2-settings'];

interface Name {
  readonly bytes: Uint8Array;
  readonly prefix: boolean;
  readonly line: Line;
}

const BY_FIRST_BYTE: Name[][] = Array.from({ length: 256 }, () => []);

function register(name: string, line: Line): void {
  const prefix = name.endsWith('*');
  const bytes = Buffer.from(prefix ? name.slice(0, -1) : name, 'latin1');
  BY_FIRST_BYTE[at(bytes, 0)]?.push({ bytes, prefix, line });
}

for (const name of [...IDENTITY_NAMES, ...HOP_BY_HOP_NAMES]) register(name, LINE.drop);
register('host', LINE.host);
register('content-length', LINE.contentLength);
register('transfer-encoding', LINE.transferEncoding);
register('connection', LINE.connection);
register('expect', LINE.expect);

function matches(name: Name, bytes: Uint8Array, start: number, end: number): boolean {
  const expected = name.bytes;
  if (name.prefix ? end - start < expected.length : end - start !== expected.length) return false;
  for (let index = 0; index < expected.length; index += 1) {
    if (FOLDED[at(bytes, start + index)] !== expected[index]) return false;
  }
  return true;
}

/** Punctuation other than `-` folds to `-` but is not `-`. */
function isOddlySpelt(bytes: Uint8Array, start: number, end: number): boolean {
  for (let index = start; index < end; index += 1) {
    const byte = at(bytes, index);
    if (byte !== HYPHEN && FOLDED[byte] === HYPHEN) return true;
  }
  return false;
}

/** Classifies a header name, `bytes[start, end)`, which is known to be a token. */
export function lineOf(bytes: Uint8Array, start: number, end: number): Line {
  const names = BY_FIRST_BYTE[FOLDED[at(bytes, start)] ?? 0];
  if (names === undefined) return LINE.pass;
  for (const name of names) {
    if (!matches(name, bytes, start, end)) continue;
    return name.line !== LINE.drop && isOddlySpelt(bytes, start, end) ? LINE.drop : name.line;
  }
  return LINE.pass;
}

const OWNER_HEADER: Readonly<Record<OwnerKind, string>> = {
  router: 'X-Neutron-Router-ID',
  network: 'X-Neutron-Network-ID',
  'ovn-network': 'X-OVN-Network-ID',
};

/** Who a client is, as header lines to stand directly after the request line. */
export interface Identity {
  readonly lines: string;
  /** Bytes at the end of `lines` that Neutron's agents do not look at: those of the MAC. */
  readonly extraBytes: number;
}

/** The identity lines that every agent needs (contract.md 2.1). */
export function identityLines(owner: Owner, client: ClientAddress): string {
  return `X-Forwarded-For: ${client}\r\n${OWNER_HEADER[owner.kind]}: ${owner.id}\r\n`;
}

/**
 * The same with the MAC of the client's frames, for an agent that checks it. That the MAC is not known is said too: an agent
 * could not tell it from a proxy that never says it, and a guest that has SYN cookies sent could get around the check.
 */
export function identityWithMac(owner: Owner, client: ClientAddress, mac: MacAddress | undefined): Identity {
  const line = `X-Metasteer-Client-MAC: ${mac ?? 'unknown'}\r\n`;
  return { lines: identityLines(owner, client) + line, extraBytes: line.length };
}

/** Methods whose requests state a Content-Length even without a body (RFC 9110 section 8.6). */
function usuallyHasBody(method: string): boolean {
  return method === 'POST' || method === 'PUT' || method === 'PATCH';
}

const CLOSE = 'Connection: close\r\n';

function lengthLine(method: string, bodyBytes: number): string {
  return bodyBytes > 0 || usuallyHasBody(method) ? `Content-Length: ${bodyBytes}\r\n` : '';
}

/** Size in bytes of the head that `agentRequest` would make for a body of that size, without what some agents can do without. */
export function agentHeadBytes(head: RequestHead, identity: Identity, bodyBytes: number, close: boolean): number {
  const requestLine = head.method.length + head.target.length + '  HTTP/1.1\r\n'.length;
  const host = head.host === undefined ? 0 : 'Host: \r\n'.length + head.host.length;
  const last = lengthLine(head.method, bodyBytes).length + (close ? CLOSE.length : 0) + '\r\n'.length;
  return requestLine + identity.lines.length - identity.extraBytes + host + head.passedBytes + last;
}

/**
 * Builds the whole request for the agent, body included, so that it can leave in one write (contract.md F2).
 *
 * @param close whether to say that the connection will not be used again
 */
export function agentRequest(head: RequestHead, identity: Identity, body: Buffer, close: boolean): ExchangeRequest {
  const host = head.host === undefined ? '' : `Host: ${head.host}\r\n`;
  const start = `${head.method} ${head.target} HTTP/1.1\r\n${identity.lines}`;
  const first = start + host;
  const last = `${lengthLine(head.method, body.length)}${close ? CLOSE : ''}\r\n`;
  const headBytes = first.length + head.passedBytes + last.length;
  const bytes = Buffer.allocUnsafe(headBytes + body.length);
  let offset = bytes.write(first, 0, 'latin1');
  for (let run = 0; run < head.passed.length; run += 2) {
    offset += head.bytes.copy(bytes, offset, head.passed[run], head.passed[run + 1]);
  }
  offset += bytes.write(last, offset, 'latin1');
  body.copy(bytes, offset);
  const extra = { from: start.length - identity.extraBytes, to: start.length };
  return { bytes, headBytes, method: head.method, extra };
}
