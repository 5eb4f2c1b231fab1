/** nodejs/llhttp's request fixtures, replayed through the worker to an agent that reads leniently and echoes. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { KeepAliveAgent, type Received } from '../kit/agents.ts';
import { parseResponse, type RawResponse } from '../kit/raw-client.ts';
import { OWNER, Worker } from '../proxy/worker.ts';
import { areThere, FIXTURES, type Fixture, type Message, readFixtures, withHosts } from './llhttp-fixtures.ts';

/** Cases of which a request reaches the agent although llhttp refuses them, or takes them only when told to be lenient. */
const REACH_THE_AGENT: Readonly<Record<string, string>> = {
  'invalid: HTTP protocol and ANNOUNCE method':
    'any token is a method (RFC 9110 section 9.1), and what an agent makes of it is the same for all of them',
  'connection: Resetting flags when keep-alive is off (1.0, lenient)':
    'its first request needs no leniency; what follows `Connection: close` does not reach the agent',
  'connection: CRLF between requests, explicit `close` (lenient)':
    'its first request needs no leniency; what follows `Connection: close` does not reach the agent',
  'lenient-headers: Second request header value (lenient)':
    'its first request needs no leniency; the second, which does, is refused',
};

const NOT_HTTP = 'another protocol';
const NO_CONNECT = 'there is nothing to connect to';
const FRAGMENT = 'a fragment is no part of a request target (RFC 9112 section 3.2)';

/** Cases that llhttp takes and we refuse: our reason, and why that is right. */
const REFUSED: Readonly<Record<string, readonly [reason: string, why: string]>> = {
  'content-length: Content-Length reset when no body is received': [
    'request-cut',
    'llhttp was told that no body follows, which the bytes do not say',
  ],
  'method: CONNECT request': ['method-refused', NO_CONNECT],
  'method: CONNECT request with CAPS': ['method-refused', NO_CONNECT],
  'method: CONNECT with body': ['method-refused', NO_CONNECT],
  'uri: Underscore in hostname': ['method-refused', NO_CONNECT],
  'method: M-SEARCH request': ['target-malformed', 'the target `*` is for OPTIONS alone (RFC 9112 section 3.2.4)'],
  'method: SOURCE request with ICE': ['request-line-malformed', NOT_HTTP],
  'method: OPTIONS request with RTSP': ['request-line-malformed', NOT_HTTP],
  'method: ANNOUNCE request with RTSP': ['request-line-malformed', NOT_HTTP],
  'sample: No HTTP version': ['request-line-malformed', 'HTTP/0.9'],
  'transfer-encoding: POST with `chunked` as last transfer-encoding': ['target-malformed', FRAGMENT],
  'transfer-encoding: POST with `chunked` as last transfer-encoding (multiple headers)': ['target-malformed', FRAGMENT],
  'uri: Fragment in URI': ['target-malformed', FRAGMENT],
  'uri: `host:port` and basic auth': ['target-malformed', 'userinfo is refused (RFC 9110 section 4.2.4)'],
};

const CASES = 166;
/** How long a client waits for the responses it must get before it ends its side, and how long where none has to come. */
const PATIENCE_MS = 10_000;
const QUIET_MS = 150;

/** What came of a replay. */
interface Outcome {
  readonly reached: readonly Received[];
  readonly responses: readonly RawResponse[];
}

describe('llhttp’s request fixtures', { skip: areThere ? false : `there is no folder ${FIXTURES}` }, () => {
  const fixtures = areThere ? readFixtures() : [];
  let worker: Worker;
  let agent: KeepAliveAgent;

  before(async () => {
    worker = await Worker.start({ access: 'off' });
    agent = await KeepAliveAgent.start(worker.socket);
  });
  after(async () => {
    await worker.stop();
    await agent.stop();
  });

  test('are all read, and the tables name no others', () => {
    assert.equal(fixtures.length, CASES);
    const names = new Set(fixtures.map(({ name }) => name));
    const listed = [...Object.keys(REACH_THE_AGENT), ...Object.keys(REFUSED)];
    assert.deepEqual(
      listed.filter((name) => !names.has(name)),
      [],
    );
  });

  for (const fixture of fixtures) {
    for (const [how, size] of [
      ['in one piece', Number.POSITIVE_INFINITY],
      ['in pieces of 11 bytes', 11],
    ] as const) {
      test(`${fixture.name}, ${how}`, async () => judge(fixture, await replay(fixture, size)));
    }
  }

  async function replay(fixture: Fixture, size: number): Promise<Outcome> {
    const from = agent.received.length;
    const input = withHosts(fixture);
    const client = await worker.open();
    const pieces: Buffer[] = [];
    for (let at = 0; at < input.length; at += size) pieces.push(input.subarray(at, at + size));
    await client.send(...pieces);
    const wanted = mustWork(fixture) ? complete(fixture).length : Number.POSITIVE_INFINITY;
    const answered = () => responsesIn(client.text, fixture).length >= wanted;
    const patience = mustWork(fixture) ? PATIENCE_MS : QUIET_MS;
    await client.until(() => client.state !== 'open' || answered(), patience).catch(() => undefined);
    client.halfClose();
    await client.untilClosed();
    client.close();
    return { reached: agent.received.slice(from), responses: responsesIn(client.text, fixture) };
  }
});

function judge(fixture: Fixture, { reached, responses }: Outcome): void {
  const { name, lenient } = fixture;
  const meant = complete(fixture).map(asMeant);
  const refusal = REFUSED[name];
  const listed = name in REACH_THE_AGENT;
  for (const request of reached) {
    assert.deepEqual(request.lines.slice(0, 2), ['X-Forwarded-For: 127.0.0.1', `X-Neutron-Router-ID: ${OWNER}`]);
  }
  assert.deepEqual(
    responses.slice(0, reached.length).map(({ status, body }) => ({ status, body })),
    reached.map(({ raw }) => ({ status: 200, body: raw.startsWith('HEAD') ? '' : raw })),
  );
  const after = responses.slice(reached.length).map(({ status, body }) => `${status} ${body}`);
  const arrived = reached.map(asReceived);
  if (refusal !== undefined) {
    assert.deepEqual(arrived, []);
    assert.match(after[0] ?? '', new RegExp(`^[45]\\d\\d ${refusal[0]}: `));
  } else if (mustWork(fixture)) {
    assert.deepEqual(arrived, meant);
  } else if (listed && meant.length === 0) {
    assert.equal(arrived.length, 1);
  } else {
    // Of a refused input nothing but the good requests before the error may arrive; of a lenient one nothing that is not listed.
    assert.deepEqual(arrived, lenient && !listed ? [] : meant.slice(0, arrived.length));
    assert.equal(listed, lenient && arrived.length > 0);
  }
}

/** Whether llhttp takes all of it, being strict, and so must we. */
function mustWork({ name, lenient, error }: Fixture): boolean {
  return error === undefined && !lenient && REFUSED[name] === undefined;
}

/** The requests that llhttp found complete. */
function complete({ messages }: Fixture): Message[] {
  return messages.filter((message) => message.complete);
}

/** A request as it should arrive: of an absolute-form target the path alone (RFC 9112 section 3.2.2). */
function asMeant({ method, url, body }: Message): string {
  const path = url.replace(/^http:\/\/[^/?]*/, '');
  return `${method} ${path.startsWith('/') || path === '*' ? path : `/${path}`} ${body.toString('latin1')}`;
}

function asReceived({ requestLine, body }: Received): string {
  const [method, target] = requestLine.split(' ');
  return `${method} ${target} ${body}`;
}

function responsesIn(text: string, { messages }: Fixture): RawResponse[] {
  const responses: RawResponse[] = [];
  for (let rest = text; rest !== ''; ) {
    const response = parseResponse(rest, messages[responses.length]?.method === 'HEAD');
    if (response === undefined) break;
    rest = response.rest;
    if (response.status >= 200) responses.push(response);
  }
  return responses;
}
