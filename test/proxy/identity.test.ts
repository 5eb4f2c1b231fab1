import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { IDENTITY_NAMES } from '../../src/proxy/headers.ts';
import type { Received } from '../kit/agents.ts';
import { endAfterEach, startKeepAlive, startOneShot, startWorker } from './setup.ts';
import { OWNER } from './worker.ts';

endAfterEach();

const IDS = ['x-neutron-router-id', 'x-neutron-network-id', 'x-ovn-network-id'];

/** Names as a client might send them: each name that is dropped, with something for its `*`. */
const NAMES = IDENTITY_NAMES.flatMap((name) =>
  name.endsWith('*') ? [`${name.slice(0, -1)}-id`, `${name.slice(0, -1)}-for`, `${name.slice(0, -1)}`] : [name],
);

const SPELLINGS: Readonly<Record<string, (name: string) => string>> = {
  'as it is': (name) => name,
  'in capitals': (name) => name.toUpperCase(),
  'with underscores': (name) => name.replaceAll('-', '_'),
  'with one underscore': (name) => name.replace('-', '_'),
  'in mixed case with underscores': (name) =>
    [...name.replaceAll('-', '_')].map((letter, index) => (index % 2 === 0 ? letter.toUpperCase() : letter)).join(''),
  'with dots': (name) => name.replaceAll('-', '.'),
};

const POSITIONS: Readonly<Record<string, (line: string) => string>> = {
  first: (line) => `${line}Host: a\r\nUser-Agent: x\r\n`,
  'in the middle': (line) => `Host: a\r\n${line}User-Agent: x\r\n`,
  last: (line) => `Host: a\r\nUser-Agent: x\r\n${line}`,
  'first and last': (line) => `${line}Host: a\r\nUser-Agent: x\r\n${line}`,
};

function assertOurs(request: Received | undefined, client: string): void {
  assert.deepEqual(request?.lines.slice(0, 2), [`X-Forwarded-For: ${client}`, `X-Neutron-Router-ID: ${OWNER}`]);
  assert.deepEqual(request.lines.slice(2), ['Host: a', 'User-Agent: x']);
}

describe('a name that reads as identity does not get past us', () => {
  for (const [how, spell] of Object.entries(SPELLINGS)) {
    for (const [where, place] of Object.entries(POSITIONS)) {
      test(`spelt ${how}, ${where}`, async () => {
        const worker = await startWorker();
        const agent = await startKeepAlive(worker);
        const requests = NAMES.map((name) => `GET /${name} HTTP/1.1\r\n${place(`${spell(name)}: 10.9.9.9\r\n`)}\r\n`);
        await worker.raw(
          ...requests.slice(0, -1),
          requests.at(-1)?.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n') ?? '',
        );
        assert.equal(agent.received.length, NAMES.length);
        for (const request of agent.received) assertOurs(request, '127.0.0.1');
      });
    }
  }
});

test('all names at once, many times over, leave exactly our two lines', async () => {
  const worker = await startWorker({ limits: { headerCount: 1000 } });
  const agent = await startOneShot(worker);
  const forged = NAMES.flatMap((name) => Object.values(SPELLINGS).map((spell) => `${spell(name)}: 10.9.9.9\r\n`)).join(
    '',
  );
  await worker.raw(
    `GET / HTTP/1.1\r\n${forged.slice(0, forged.length)}Host: a\r\nUser-Agent: x\r\nConnection: close\r\n\r\n`,
  );
  assertOurs(agent.received[0], '127.0.0.1');
});

test('values that look like lines of ours stay values', async () => {
  const worker = await startWorker();
  const agent = await startKeepAlive(worker);
  await worker.raw(
    'GET /?X-Forwarded-For:%201.2.3.4%0d%0aX HTTP/1.1\r\nHost: a\r\nA: X-Forwarded-For: 1.2.3.4\r\nConnection: close\r\n\r\n',
  );
  assert.deepEqual(agent.received[0]?.values('x-forwarded-for'), ['127.0.0.1']);
});

test('identity lines in a body or in trailers stay there or are dropped', async () => {
  const worker = await startWorker();
  const agent = await startKeepAlive(worker);
  const body = 'X-Forwarded-For: 1.2.3.4\r\n\r\n';
  await worker.raw(
    `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\nX-Forwarded-For: 1.2.3.4\r\nX-Neutron-Network-ID: x\r\n\r\n`,
  );
  assert.deepEqual(agent.received[0]?.values('x-forwarded-for'), ['127.0.0.1']);
  assert.equal(agent.received[0]?.body, body);
});

for (const [kind, header] of [
  ['router', 'X-Neutron-Router-ID'],
  ['network', 'X-Neutron-Network-ID'],
  ['ovn-network', 'X-OVN-Network-ID'],
] as const) {
  test(`a port of a ${kind} gives exactly the header ${header}`, async () => {
    const worker = await startWorker({ ownerKind: kind });
    const agent = await startKeepAlive(worker);
    await worker.raw('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    const [request] = agent.received;
    assert.deepEqual(request?.lines.slice(0, 2), ['X-Forwarded-For: 127.0.0.1', `${header}: ${OWNER}`]);
    assert.deepEqual(
      IDS.flatMap((id) => request?.values(id) ?? []),
      [OWNER],
    );
  });
}

test('clients of one port are told apart by their address', async () => {
  const worker = await startWorker();
  const agent = await startKeepAlive(worker);
  for (const address of ['127.0.0.1', '127.0.0.2', '127.1.2.3']) {
    const client = await worker.open(0, address);
    await client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    await client.untilClosed();
    client.close();
  }
  assert.deepEqual(
    agent.received.map((request) => request.values('x-forwarded-for')),
    [['127.0.0.1'], ['127.0.0.2'], ['127.1.2.3']],
  );
});
