// Needs no privileges. The document of a hand-over, whatever is in it: taken within its bounds, or refused by name and in one line.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { DocumentError } from '../../src/control/document-parts.ts';
import { type HandOverDocument, parseHandOver } from '../../src/control/hand-over-document.ts';
import { parseStored } from '../../src/control/stored.ts';
import { handOverValues } from './sample-hand-over.ts';

const RUNS = 3000;
const SEED = 17;
const PORTS_MAX = 16_384;
const WRONG = fileURLToPath(new URL('./wrong-document.js', import.meta.url));
const HEAP_MIB = 100;
const WORD_MAX = 0xffff_ffff;

const STORED = JSON.stringify({
  sequence: 7,
  namespaceInode: 4026532001,
  names: ['map-0', 'rates'],
  handOver: handOverValues(),
});

/** What nobody who reads numbers, names and lists would like to get. */
const UNLIKELY = fc.oneof(
  fc.constantFrom(-1, -2, 0.5, 1e15, 1e300, 2 ** 32, 2 ** 31, PORTS_MAX, PORTS_MAX + 1, 2 ** 53, -(2 ** 63)),
  fc.constantFrom(null, true, '', 'x'.repeat(5000), '__proto__', '\u001b[2J', [], {}, [[]], [null]),
  fc.jsonValue(),
);

const mutation = fc.record({
  at: fc.nat(),
  how: fc.constantFrom('replace', 'remove', 'repeat', 'rename'),
  value: UNLIKELY,
});

/** Every place of a document, as its holder and its key. */
function places(value: unknown): (readonly [holder: Record<string, unknown>, key: string])[] {
  if (typeof value !== 'object' || value === null) return [];
  const holder = value as Record<string, unknown>;
  return Object.keys(holder).flatMap((key) => [[holder, key] as const, ...places(holder[key])]);
}

function mutate(document: unknown, { at, how, value }: { at: number; how: string; value: unknown }): void {
  const all = places(document);
  const [holder, key] = all[at % Math.max(1, all.length)] ?? [];
  if (holder === undefined || key === undefined) return;
  if (how === 'replace') holder[key] = structuredClone(value);
  else if (how === 'remove') delete holder[key];
  else if (how === 'repeat' && Array.isArray(holder[key])) holder[key] = [...holder[key], ...holder[key]];
  else if (how === 'rename')
    Object.defineProperty(holder, '__proto__', { value, enumerable: true, configurable: true, writable: true });
}

/** What everything behind relies on. */
function assertWithin({ ports, kept, descriptors, ...rest }: HandOverDocument): void {
  assert.ok(kept.ports_max >= 1 && kept.ports_max <= PORTS_MAX && ports.length <= kept.ports_max);
  assert.ok(descriptors <= 2 * PORTS_MAX + 64);
  for (const place of [rest.mapsAt, rest.lockAt, rest.namespaceAt, rest.ratesAt])
    assert.ok(Number.isInteger(place) && place >= -1 && place < 2 * PORTS_MAX + 64);
  assert.equal(new Set(ports.map(({ id }) => id)).size, ports.length);
  for (const { id, match, restore, link, device, mtu } of ports) {
    assert.ok(id < kept.ports_max);
    for (const { hook } of [match, restore]) assert.ok(hook <= 2);
    const words = [match, restore].flatMap((each) => [each.ifindex, each.handle, each.priority, each.qdiscCreated]);
    for (const word of [...words, link.ifindex, device.ifindex, link.mtu, device.mtu, mtu])
      assert.ok(Number.isInteger(word) && word >= 0 && word <= WORD_MAX);
  }
}

/** @returns whether it was taken */
function takes(text: string): boolean {
  try {
    assertWithin(parseStored(text).handOver);
    return true;
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    assert.match(error.message, /^[\x20-\x7e]{1,200}$/);
    return false;
  }
}

describe('a document that is handed over', () => {
  test('is taken as the daemon writes it', () => {
    assert.equal(takes(STORED), true);
    assert.deepEqual(JSON.parse(JSON.stringify(parseHandOver(handOverValues()))), handOverValues());
  });

  test('is refused by name whatever the bytes', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc.jsonValue().map((each) => JSON.stringify(each)),
    );
    fc.assert(
      fc.property(texts, (text) => {
        assert.equal(takes(text), false);
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });

  test('is taken within its bounds, or refused by name, whatever is done to one that is valid', () => {
    let taken = 0;
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
        const document: unknown = JSON.parse(STORED);
        for (const each of mutations) mutate(document, each);
        if (takes(JSON.stringify(document))) taken += 1;
      }),
      { numRuns: RUNS, seed: SEED },
    );
    assert.ok(
      taken > RUNS / 50 && taken < RUNS / 2,
      `${taken} were taken: the mutations are not all fatal, and not all idle`,
    );
  });

  test('is taken within its bounds, or refused by name, whatever becomes of its bytes', () => {
    const change = fc.record({ at: fc.nat(STORED.length), remove: fc.nat(20), insert: fc.string({ maxLength: 5 }) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        takes(
          changes.reduce((all, { at, remove, insert }) => all.slice(0, at) + insert + all.slice(at + remove), STORED),
        );
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });

  const rows: readonly [
    title: string,
    change: (document: ReturnType<typeof handOverValues>) => unknown,
    why: RegExp,
  ][] = [
    [
      'with a port beyond its maps',
      (document) => ({ ...document, ports: ported(document, 1024) }),
      /^ports: each needs/,
    ],
    [
      'with two ports in one place',
      (document) => ({ ...document, ports: ported(document, 1, 1) }),
      /^ports: each needs/,
    ],
    [
      'with more ports than any has',
      (document) => ({ ...document, ports: Array(PORTS_MAX + 1).fill(0) }),
      /^ports: expected/,
    ],
    ['with a place that none has', (document) => ({ ...document, mapsAt: 1e9 }), /^mapsAt: /],
    [
      'with maps that none has',
      ({ kept, ...document }) => ({ ...document, kept: { ...kept, ports_max: 1e9 } }),
      /^kept\.ports_max: /,
    ],
    ['whose list is none', (document) => ({ ...document, ports: { length: 1, 0: 0 } }), /^ports: expected/],
  ];
  for (const [title, change, why] of rows) {
    test(`${title} is refused`, () =>
      assert.throws(
        () => parseHandOver(change(handOverValues())),
        (error) => error instanceof DocumentError && why.test(error.message),
      ));
  }

  test('that is wrong in millions of places is refused in a small heap', () => {
    for (const part of ['ports', 'every port', 'events', 'drained', 'limits', 'names']) {
      const args = [`--max-old-space-size=${HEAP_MIB}`, WRONG, part];
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
      assert.deepEqual({ status, stdout }, { status: 0, stdout: 'DocumentError' }, `${part}: ${stderr.slice(-500)}`);
    }
  });
});

function ported({ ports }: ReturnType<typeof handOverValues>, ...ids: readonly number[]): unknown[] {
  return ids.map((id) => ({ ...ports[0], id }));
}
