import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { Mismatches } from '../../src/agent/mismatches.ts';
import { asker, INSTANCE, OTHER_MAC, uuid } from './sample-cloud.ts';

function setUp() {
  const lines: Record<string, unknown>[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) });
  return { lines, mismatches: new Mismatches(log) };
}

const instance = { instanceId: INSTANCE, projectId: 'p', macs: [] };

test('a flood of mismatches leaves one line an owner in 10 s, and how many others there were', () => {
  const { lines, mismatches } = setUp();
  for (let n = 0; n < 100; n++) mismatches.tell(asker('10.0.0.5', { mac: OTHER_MAC }), instance, 0);
  mismatches.tell(asker('10.0.0.5', { mac: OTHER_MAC, id: uuid(101) }), instance, 9999);
  mismatches.tell(asker('10.0.0.6', { mac: OTHER_MAC }), instance, 10_000);
  assert.deepEqual(
    lines.map((line) => [line['owner'], line['client'], line['more_since_the_last_line']]),
    [
      [asker('10.0.0.5').owner.id, '10.0.0.5', undefined],
      [uuid(101), '10.0.0.5', undefined],
      [asker('10.0.0.5').owner.id, '10.0.0.6', 99],
    ],
  );
});

test('no more owners are kept than the bound: the oldest is forgotten', () => {
  const { lines, mismatches } = setUp();
  for (let n = 0; n <= 1024; n++) mismatches.tell(asker('10.0.0.5', { id: uuid(n) }), instance, 0);
  mismatches.tell(asker('10.0.0.5', { id: uuid(1024) }), instance, 1);
  assert.equal(lines.length, 1025);
  mismatches.tell(asker('10.0.0.5', { id: uuid(0) }), instance, 1);
  assert.equal(lines.length, 1026);
});
