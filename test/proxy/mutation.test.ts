import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Received } from '../kit/agents.ts';
import { endAfterEach, startKeepAlive, startWorker } from './setup.ts';
import { OWNER } from './worker.ts';

endAfterEach();

const RUNS = 1500;

const REQUESTS = [
  'GET /openstack/latest/meta_data.json?x=y HTTP/1.1\r\nHost: 169.254.169.254\r\nUser-Agent: x\r\nX-Forwarded-For: 10.6.6.6\r\n\r\n',
  'POST /openstack/2013-04-04/password HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\nX-Neutron-Network-ID: x\r\n\r\nhello world',
  'POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n5;a="b"\r\nhello\r\n1a\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n\r\n0\r\nX-OVN-Network-ID: y\r\n\r\n',
  'GET http://a:80/x HTTP/1.1\r\nHost: b\r\nX-Instance-ID: z\r\n\r\n',
  'GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
] as const;

/** Bytes that decide about where things end. */
const BYTES = [
  '\r',
  '\n',
  '\r\n',
  '\r\n\r\n',
  ' ',
  '\t',
  ':',
  ';',
  ',',
  '\0',
  '\x0b',
  '\x85',
  '\xa0',
  '\xff',
  '_',
  '0',
  '5',
  'chunked',
  'Content-Length: 3\r\n',
  'Transfer-Encoding: chunked\r\n',
  'X-Forwarded-For: 10.6.6.6\r\n',
];

const mutation = fc.record({
  at: fc.nat(),
  remove: fc.nat(3),
  insert: fc.option(fc.constantFrom(...BYTES), { nil: '' }),
});
const input = fc.record({
  requests: fc.array(fc.constantFrom(...REQUESTS), { minLength: 1, maxLength: 4 }),
  mutations: fc.array(mutation, { minLength: 1, maxLength: 4 }),
  cut: fc.nat(),
});

function mutate(bytes: string, mutations: readonly { at: number; remove: number; insert: string }[]): string {
  return mutations.reduce((text, { at, remove, insert }) => {
    const place = at % (text.length + 1);
    return text.slice(0, place) + insert + text.slice(place + remove);
  }, bytes);
}

/** What an agent may rely on, whatever a client sent. */
function assertSound(request: Received): void {
  const lines = [`X-Forwarded-For: 127.0.0.1`, `X-Neutron-Router-ID: ${OWNER}`];
  assert.match(request.requestLine, /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+ (\/|\*$)?[!"$-~]* HTTP\/1\.1$/);
  assert.deepEqual(request.lines.slice(0, 2), lines);
  assert.doesNotMatch(request.head, /[^\r]\n|\r[^\n]|\0/);
  for (const line of request.lines.slice(2)) {
    assert.match(line, /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+:/);
    assert.doesNotMatch(
      line,
      /^x[-_](forwarded|neutron|ovn|instance|tenant|metadata)|^transfer[-_]encoding:|^connection:/i,
    );
  }
  assert.equal(request.values('host').length, 1);
  const lengths = request.lines.filter((line) => /^content[-_]length:/i.test(line));
  assert.ok(lengths.length <= 1);
  assert.equal(request.body.length, Number(lengths[0]?.slice('content-length:'.length) ?? 0));
}

test(`whatever is done to the bytes of requests, the agent gets only sound ones, in ${RUNS} mutations`, async () => {
  const worker = await startWorker({ agent: { generation: 'keep-alive' }, access: 'off' });
  const agent = await startKeepAlive(worker);
  await fc.assert(
    fc.asyncProperty(input, async ({ requests, mutations, cut }) => {
      const bytes = mutate(requests.join(''), mutations);
      const place = cut % (bytes.length + 1);
      agent.received.length = 0;
      const client = await worker.open();
      client.socket.write(Buffer.from(bytes.slice(0, place), 'latin1'));
      await new Promise((resolve) => setImmediate(resolve));
      client.socket.end(Buffer.from(bytes.slice(place), 'latin1'));
      await client.untilClosed();
      client.close();
      assert.ok(agent.received.length <= requests.length + 2);
      for (const request of agent.received) assertSound(request);
      for (const status of client.text.matchAll(/^HTTP\/1\.1 (\d+)/gm)) assert.notEqual(status[1], '502');
    }),
    { numRuns: RUNS },
  );
  assert.equal(worker.proxy.status().agent.queued, 0);
});
