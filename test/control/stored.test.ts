import assert from 'node:assert/strict';
import { closeSync, readSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { OUR_ABI } from '../../src/control/hand-over-document.ts';
import { receivedDescriptors, storedDocument } from '../../src/control/stored.ts';
import { createDocument, readDocument } from '../../src/kernel/document.ts';

const PID = 4711;

describe('descriptors that the service manager passes', () => {
  const rows: readonly [title: string, environment: NodeJS.ProcessEnv, found: Readonly<Record<string, number>>][] = [
    [
      'are found by their names',
      { LISTEN_PID: '4711', LISTEN_FDS: '3', LISTEN_FDNAMES: 'map-0:listener-5-12:document-1' },
      { 'map-0': 3, 'listener-5-12': 4, 'document-1': 5 },
    ],
    [
      'that are not ours are left out',
      { LISTEN_PID: '4711', LISTEN_FDS: '4', LISTEN_FDNAMES: 'metasteer.socket:rates:stored:map-x' },
      { rates: 4 },
    ],
    ['for another process are none', { LISTEN_PID: '1', LISTEN_FDS: '1', LISTEN_FDNAMES: 'rates' }, {}],
    ['are as many as are said', { LISTEN_PID: '4711', LISTEN_FDS: '1', LISTEN_FDNAMES: 'rates:map-0' }, { rates: 3 }],
    ['without a number are none', { LISTEN_PID: '4711', LISTEN_FDNAMES: 'rates' }, {}],
    ['are none where there is no store', {}, {}],
  ];
  for (const [title, environment, found] of rows) {
    test(title, () => assert.deepEqual(Object.fromEntries(receivedDescriptors(environment, PID)), found));
  }
});

describe('a document in the store', () => {
  const open: number[] = [];
  after(() => {
    for (const fd of open) closeSync(fd);
  });

  function document(text: string): number {
    const fd = createDocument(text);
    open.push(fd);
    return fd;
  }

  function stored(sequence: number, change: Readonly<Record<string, unknown>> = {}): number {
    const kept = { run_dir: '/r', namespace: 'n', netns_dir: '/n', admin: {}, attach: 'auto', on_exit: 'release' };
    const sizes = { ports_max: 1, neighbours_max: 1, flows_max: 1 };
    const places = { mapsAt: 0, lockAt: -1, namespaceAt: -1, ratesAt: -1 };
    const drained = { all: false, owners: [], interfaces: [] };
    const handOver = {
      ...{ version: '1', abi: OUR_ABI, descriptors: 0, tags: { match: 'a', restore: 'b' }, events: [], ports: [] },
      ...{ ...places, kept: { ...kept, ...sizes }, drained, ...change },
    };
    return document(JSON.stringify({ sequence, namespaceInode: sequence, names: [], handOver }));
  }

  test('is read from its beginning, also by the second reader', () => {
    const fd = document('whole');
    readSync(fd, Buffer.alloc(3));
    assert.equal(readDocument(fd), 'whole');
    assert.equal(readDocument(fd), 'whole');
  });

  test('holds until a later one is there', () => {
    const both = new Map([
      ['document-0', stored(7)],
      ['document-1', stored(8)],
    ]);
    assert.equal(storedDocument(both).namespaceInode, 8);
    assert.equal(storedDocument(new Map([['document-1', stored(6)]])).namespaceInode, 6);
  });

  const bad: readonly [title: string, received: () => ReadonlyMap<string, number>, why: RegExp][] = [
    ['that is not there', () => new Map([['map-0', 3]]), /^Error: it was used before, or never complete$/],
    ['that is no JSON', () => new Map([['document-0', document('{')]]), /^Error: it cannot be read: /],
    ['without its parts', () => new Map([['document-0', document('{}')]]), /^Error: it cannot be read: /],
    [
      'of other maps',
      () => new Map([['document-0', stored(1, { abi: 99 })]]),
      /^Error: its maps have layout 99, this version needs \d+$/,
    ],
  ];
  for (const [title, received, why] of bad) {
    test(`${title} is refused in one line`, () => assert.throws(() => storedDocument(received()), why));
  }
});
