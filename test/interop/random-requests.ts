/** Requests at random, together with what they mean: for the property test against webob. */
import fc from 'fast-check';
import { FAULTS, type Line, type Spec, spec } from './random-specs.ts';

/** What the agent has to understand. */
export interface Meaning {
  readonly method: string;
  /** Without percent-encoding, one character per byte. */
  readonly path: string;
  readonly query: string;
  readonly body: Buffer;
  /** By WSGI's names; without identity, Host and framing. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface RandomRequest {
  /** For reports of fast-check. */
  readonly [fc.toStringMethod]: () => string;
  readonly head: Buffer;
  readonly body: Buffer;
  /** The client sends its body after `100 Continue`. */
  readonly waits: boolean;
  /** Its response has no body. Methods know case (RFC 9110 section 9.1), although the agent puts them in capitals. */
  readonly toHead: boolean;
  /** Whether the connection ends with its response. */
  readonly closes: boolean;
  /** Undefined when it has to be refused as malformed. */
  readonly meaning: Meaning | undefined;
  /** Whether it fits the 4096 bytes an agent reads; undefined near that, where our own lines decide. */
  readonly fits: boolean | undefined;
}

/** What an agent reads of a request, and the most that our lines add to it. */
const AGENT_BYTES_MAX = 4096;
const OUR_BYTES_MAX = 300;

export const randomRequest: fc.Arbitrary<RandomRequest> = spec.map(toRequest);

function toRequest(given: Spec): RandomRequest {
  const framing = given.minor === 0 && given.framing === 'chunked' ? 'length' : given.framing;
  const content = framing === 'none' ? Buffer.alloc(0) : given.body;
  const host = given.host ?? (given.minor === 1 ? { name: 'Host', value: 'a', before: ' ', after: '' } : undefined);
  const expects = framing !== 'none' && given.expects !== 'nothing';
  const head = [
    `${given.method} ${given.authority}${given.path}${given.query === undefined ? '' : `?${given.query}`} HTTP/1.${given.minor}`,
    ...placed(given, host),
    ...(given.connection === undefined ? [] : [`Connection: ${given.connection}`]),
    ...(expects ? ['Expect: 100-continue'] : []),
    ...(framing === 'length' ? [`Content-Length: ${content.length}`] : []),
    ...(framing === 'chunked' ? ['Transfer-Encoding: chunked'] : []),
    '\r\n',
  ].join('\r\n');
  const connection = given.connection?.toLowerCase();
  const bytes = Buffer.from(given.fault === undefined ? head : FAULTS[given.fault](head), 'latin1');
  const sent = framing === 'chunked' ? chunked(given) : content;
  return {
    [fc.toStringMethod]: () =>
      JSON.stringify({ head: bytes.toString('latin1'), body: sent.toString('latin1', 0, 200), of: sent.length }),
    head: bytes,
    body: sent,
    waits: expects && given.expects === 'waits' && given.minor === 1 && content.length > 0 && given.fault === undefined,
    toHead: given.method === 'HEAD' && given.fault === undefined,
    closes: given.fault !== undefined || connection === 'close' || (given.minor === 0 && connection !== 'keep-alive'),
    meaning: given.fault === undefined ? meaningOf(given, content) : undefined,
    fits: content.length > AGENT_BYTES_MAX ? false : fits(head.length + content.length),
  };
}

function fits(bytes: number): true | undefined {
  return bytes + OUR_BYTES_MAX <= AGENT_BYTES_MAX ? true : undefined;
}

/** Host and the forged lines among the ordinary ones. */
function placed(given: Spec, host: Line | undefined): string[] {
  const lines = given.ordinary.map(textOf);
  for (const [index, each] of [...given.forged, ...(host === undefined ? [] : [host])].entries()) {
    lines.splice(Math.round((given.places[index] ?? 0) * lines.length), 0, textOf(each));
  }
  return lines;
}

/** In UTF-8, one character per byte. */
function textOf({ name, value: text, before, after }: Line): string {
  return `${name}:${before}${Buffer.from(text).toString('latin1')}${after}`;
}

function chunked({ body: content, chunkSizes, chunkExtension, trailer }: Spec): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0, index = 0; at < content.length; index += 1) {
    const piece = content.subarray(at, at + (chunkSizes[index % chunkSizes.length] ?? 1));
    pieces.push(Buffer.from(`${piece.length.toString(16)}${chunkExtension}\r\n`), piece, Buffer.from('\r\n'));
    at += piece.length;
  }
  pieces.push(Buffer.from(`0\r\n${trailer === undefined ? '' : `${textOf(trailer)}\r\n`}\r\n`));
  return Buffer.concat(pieces);
}

function meaningOf(given: Spec, content: Buffer): Meaning {
  const headers: Record<string, string> = {};
  for (const { name, value: text } of given.ordinary) {
    // Connection names headers that are for us alone (RFC 9110 section 7.6.1).
    if (name.toLowerCase() === given.connection?.toLowerCase()) continue;
    const key = name.toUpperCase().replaceAll('-', '_');
    const wsgi = key === 'CONTENT_TYPE' ? key : `HTTP_${key}`;
    headers[wsgi] = headers[wsgi] === undefined ? text : `${headers[wsgi]}, ${text}`;
  }
  return {
    method: given.method.toUpperCase(),
    path: given.path.replace(/%([0-9a-f]{2})/gi, (_, digits: string) =>
      String.fromCharCode(Number.parseInt(digits, 16)),
    ),
    query: given.query ?? '',
    body: content,
    headers,
  };
}
