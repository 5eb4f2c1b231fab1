import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { topFigures } from '../../src/cli/top-figures.ts';
import { SORTS, type SortKey, topDocument, topFrame } from '../../src/cli/top-frame.ts';
import type { PortStatusDocument, StatusDocument } from '../../src/control/status-document.ts';
import { OWNER, sampleStatus, sampleTimes, sampleTraffic } from '../control/sample-status.ts';

function port(index: number, changes: Partial<PortStatusDocument> = {}): PortStatusDocument {
  const [sample] = sampleStatus().ports;
  assert.ok(sample);
  const owner = `${String(index).padStart(8, '0')}${OWNER.slice(8)}`;
  return { ...sample, port: index, owner, interface: `qr-${index}`, ...changes };
}

const before: StatusDocument = sampleStatus({
  ports: [port(0), port(1), port(2)],
  traffic: sampleTraffic({ responses: { '2xx': 100 }, total_seconds: sampleTimes(3000), packets: {} }),
});
const times = [...Array.from({ length: 98 }, () => 3), 700, 3000];
const now: StatusDocument = sampleStatus({
  ports: [
    port(0, { requests: 27, counters: { steer_syn: 12 } }),
    port(1, { requests: 107, connections: 9 }),
    port(2, { counters: { steer_syn: 2, drop_port_rate: 50, guard_source_rate: 50, guard_passed: 7 } }),
  ],
  traffic: sampleTraffic({
    responses: { '2xx': 180, '4xx': 20 },
    refused: { 'rate-limited': 11 },
    total_seconds: sampleTimes(3000, ...times),
    packets: { drop_port_rate: 50, guard_source_rate: 50, guard_passed: 7, pass_other_address: 900 },
  }),
});
const figures = topFigures(before, now, 10);

describe('figures of top', () => {
  test('are of what happened between two looks, per second', () => {
    assert.deepEqual([figures.requestsPerSecond, figures.refusedPerSecond, figures.dropsPerSecond], [10, 1, 10]);
    assert.deepEqual(
      figures.ports.map(({ requests, synsPerSecond, drops }) => [requests, synsPerSecond, drops]),
      [
        [2, 1, 0],
        [10, 0, 0],
        [0, 0, 10],
      ],
    );
  });

  test('tell times of requests by the buckets they are in', () => {
    assert.ok(figures.p50 !== undefined && figures.p50 > 2.5 && figures.p50 <= 5, String(figures.p50));
    assert.ok(figures.p99 !== undefined && figures.p99 > 500 && figures.p99 <= 1000, String(figures.p99));
    assert.equal(topFigures(now, now, 1).p99, undefined);
  });

  test('are not negative when a port or the daemon began anew', () => {
    const { requestsPerSecond, ports } = topFigures(now, before, 10);
    assert.equal(requestsPerSecond, 0);
    assert.ok(ports.every(({ requests, drops }) => requests >= 0 && drops >= 0));
  });
});

describe('a frame of top', () => {
  const many = sampleStatus({ ports: Array.from({ length: 60 }, (_, index) => port(index)) });

  for (const [columns, rows] of [
    [80, 24],
    [40, 8],
    [200, 100],
    [80, 1],
  ] as const) {
    test(`fits a terminal of ${columns}×${rows}`, () => {
      const lines = topFrame(many, topFigures(many, many, 1), { columns, rows, sort: 'requests' });
      assert.equal(lines.length, rows);
      assert.deepEqual(
        lines.filter((line) => line.length > columns),
        [],
      );
    });
  }

  test('at 80×24 cuts off nothing that matters', () => {
    const lines = topFrame(now, figures, { columns: 80, rows: 24, sort: 'requests' });
    assert.equal(lines[1], 'requests 10.0/s   p50 3.8 ms   p99 1.00 s   agent p99 -');
    assert.equal(lines[5], 'PORT  OWNER     INTERFACE  STATE     REQ/S  REF/S  SYN/S  DROP/S  CONN');
    assert.ok(lines.at(-1)?.endsWith('o owner'));
  });

  const firsts: Readonly<Record<SortKey, number>> = {
    requests: 1,
    drops: 2,
    connections: 1,
    refused: 0,
    syns: 0,
    owner: 0,
  };
  for (const sort of Object.keys(SORTS) as SortKey[]) {
    test(`is sorted by ${sort}`, () => {
      const lines = topFrame(now, figures, { columns: 80, rows: 24, sort });
      assert.match(lines[6] ?? '', new RegExp(`^ +${firsts[sort]}  `));
    });
  }

  test('has no key twice, and lets no name command the terminal', () => {
    assert.equal(new Set(Object.values(SORTS)).size, Object.keys(SORTS).length);
    const bad = sampleStatus({ ports: [port(0, { interface: 'qr-\u001b[2J' })] });
    const lines = topFrame(bad, topFigures(bad, bad, 1), { columns: 80, rows: 24, sort: 'owner' });
    assert.ok(lines.every((line) => !line.includes('\u001b')));
  });
});

test('a frame for programs has every figure', () => {
  const document = topDocument(now, figures);
  assert.deepEqual(JSON.parse(JSON.stringify(document)), document);
  assert.equal(document['requests_per_second'], 10);
  assert.equal((document['ports'] as readonly object[]).length, 3);
});
