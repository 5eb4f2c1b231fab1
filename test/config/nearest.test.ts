import assert from 'node:assert/strict';
import { test } from 'node:test';
import { editDistance, nearest } from '../../src/config/nearest.ts';

const distances: readonly [string, string, number][] = [
  ['', '', 0],
  ['', 'abc', 3],
  ['abc', '', 3],
  ['socket', 'sokcet', 2],
  ['kitten', 'sitting', 3],
  ['flaw', 'lawn', 2],
];
for (const [a, b, distance] of distances) {
  test(`'${a}' and '${b}' are ${distance} edits apart`, () => assert.equal(editDistance(a, b), distance));
}

const known = ['socket', 'generation', 'concurrency', 'queue_length', 'queue_timeout', 'retry'];
const words: readonly [word: string, expected: string | undefined][] = [
  ['sockt', 'socket'],
  ['SOCKET', 'socket'],
  ['queueTimeout', 'queue_timeout'],
  ['queue-lenght', 'queue_length'],
  ['concurrent', 'concurrency'],
  ['colour', undefined],
  ['x', undefined],
  ['', undefined],
  ['socket'.repeat(1000), undefined],
];
for (const [word, expected] of words) {
  test(`what '${word.slice(0, 20)}' most likely means is ${expected ?? 'not known'}`, () =>
    assert.equal(nearest(word, known), expected));
}
