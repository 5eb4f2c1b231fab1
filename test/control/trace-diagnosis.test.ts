import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { diagnose } from '../../src/control/trace-diagnosis.ts';
import type { Hop, TracedPort, TracePacket, TraceStageLine } from '../../src/control/trace-document.ts';
import { parseTraceRequest } from '../../src/control/trace-request.ts';
import { MetasteerError } from '../../src/errors.ts';
import { OWNER } from './sample-status.ts';

const CLIENT = '10.0.0.5';
const PORT: TracedPort = {
  port: 1,
  owner: OWNER,
  namespace: `qrouter-${OWNER}`,
  interface: 'qr-1',
  state: 'steering',
  reason: null,
};

type Event = string | readonly [stage: TraceStageLine['stage'], details?: Partial<TraceStageLine>];

/** Packets by their verdict and stages by their name, of one connection. */
function lines(events: readonly Event[], clientPort = 40_000): (TracePacket | TraceStageLine)[] {
  const who = { port: 1, client: CLIENT, client_port: clientPort };
  return events.map((event, index) =>
    typeof event === 'string'
      ? { type: 'packet', at_us: index, ...who, mac: 'fa:16:3e:00:00:01', verdict: event, flags: '' }
      : { type: 'stage', at_us: index, ...who, stage: event[0], ...event[1] },
  );
}

function evidence(events: readonly (TracePacket | TraceStageLine)[], changes = {}) {
  const request = { client: CLIENT, seconds: 10 };
  return { request, ports: [PORT], lines: events, shieldDrops: 0, agentProblem: undefined, ...changes };
}

const SERVED: readonly Event[] = [
  'steer_syn',
  'restore_reply',
  'steer_data',
  ['accepted'],
  ['head'],
  ['queued'],
  ['sent'],
];

describe('a trace ends', () => {
  const cases: readonly [title: string, events: readonly Event[], hop: Hop, why: RegExp, changes?: object][] = [
    ['at an interface that failed', [], 'interface', /qr-1 is not steered: it is failed, no macvlan/, { ports: [{ ...PORT, port: null, state: 'failed', reason: 'no macvlan' }] }], // biome-ignore format: one row
    ['at the shield', [], 'limits', /XDP shield dropped 7 packets/, { shieldDrops: 7 }],
    ['at many interfaces', [], 'interface', /from 10\.0\.0\.5 arrived at any of 2 interfaces/, { ports: [PORT, PORT] }],
    ['at a daemon that is draining', ['pass_draining'], 'match', /pass_draining/],
    [
      'at the port device when nobody answers there',
      ['steer_syn', 'steer_syn_again'],
      'port device',
      /nobody answered/,
    ],
    ['at a client that was not learned', ['steer_syn', 'restore_no_neighbour'], 'restore', /restore_no_neighbour/],
    ['at a reply that does not arrive', ['steer_syn', 'restore_reply', 'steer_syn_again', 'restore_reply'], 'restore', /did not go on/], // biome-ignore format: one row
    ['at a client without a request', [['accepted']], 'head', /no whole request has come/],
    ['at a probe', [['accepted'], ['closed']], 'head', /closed its connection without a request/],
    ['at the queue', [['accepted'], ['head'], ['queued', { queued: 12 }]], 'queue', /with 12 before it/],
    ['at the socket', [['accepted'], ['queued']], 'agent socket', /no socket/, { agentProblem: 'there is no socket' }],
    ['at an agent that still works on it', [...SERVED], 'agent', /has not replied/],
    ['at a limit of requests', [...SERVED.slice(0, 5), ['refused', { reason: 'rate-limited', status: 429 }]], 'limits', /429/], // biome-ignore format: one row
    ['at a client that left', [...SERVED, ['refused', { reason: 'client-left', status: 0 }]], 'instance', /without an answer/], // biome-ignore format: one row
    ['at nova', [...SERVED, ['reply', { status: 500 }]], 'agent', /or nova behind it, replied with 500/],
    ['at a reply that cannot be sent', [...SERVED, ['reply', { status: 200 }], 'restore_no_neighbour'], 'restore', /restore_no_neighbour/], // biome-ignore format: one row
  ];
  for (const [title, events, hop, why, changes] of cases) {
    test(title, () => {
      const { ok, hop: found, why: said, action } = diagnose(evidence(lines(events), changes));
      assert.deepEqual([ok, found], [false, hop], said);
      assert.match(said, why);
      assert.match(said, /\.$/);
      assert.match(action, /\.$/);
    });
  }

  test('well when every request was answered', () => {
    const done: Event[] = [...SERVED, ['reply', { status: 200 }], ['closed']];
    const found = diagnose(evidence([...lines(done, 1), ...lines(done, 2)]));
    assert.deepEqual([found.ok, found.hop], [true, 'instance']);
    assert.match(found.why, /^2 requests were answered/);
  });

  test('at the last connection that went wrong, whatever came after', () => {
    const done: Event[] = [...SERVED, ['reply', { status: 200 }]];
    const found = diagnose(
      evidence([...lines(['drop_source_rate'], 1), ...lines([['accepted']], 2), ...lines(done, 3)]),
    );
    assert.deepEqual([found.ok, found.hop], [false, 'head']);
  });
});

describe('what is to be traced', () => {
  test('is read, in the form that packets have', () => {
    const given = { client: '2001:DB8::0:1', owner: OWNER.toUpperCase(), seconds: 5 };
    assert.deepEqual(parseTraceRequest(given), { client: '2001:db8::1', owner: OWNER, seconds: 5 });
    assert.deepEqual(parseTraceRequest({ client: CLIENT }), { client: CLIENT, seconds: 10 });
  });

  for (const given of [
    {},
    null,
    { client: 'x' },
    { client: 5 },
    { owner: 'x' },
    { client: CLIENT, seconds: 0 },
    { client: CLIENT, seconds: 301 },
    { client: CLIENT, seconds: '5' },
    { client: CLIENT, port: 1 },
  ])
    test(`is refused: ${JSON.stringify(given)}`, () => assert.throws(() => parseTraceRequest(given), MetasteerError));
});
