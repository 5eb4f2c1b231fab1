// Needs no privileges: memory shared by file descriptor. How requests are counted, and by several processes at once.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { RateWindows } from '../../src/kernel/layout.gen.ts';
import { RateCounter, RateTable } from '../../src/kernel/rates.ts';

const TAKER = fileURLToPath(new URL('./rate-taker.js', import.meta.url));

const WINDOWS: RateWindows = { baseMs: 10_000, baseLimit: 10, burstMs: 1000, burstLimit: 4, countRefused: 0 };
/** Long before and just before the clock of 32 bits begins anew. */
const STARTS = [1_000_000, 2 ** 32 - 1500] as const;

let tables: RateTable[] = [];
afterEach(() => {
  for (const table of tables) table.close();
  tables = [];
});

function open(changes: Partial<RateWindows> = {}, clients = 64): RateCounter {
  const table = RateTable.create(clients);
  tables.push(table);
  return RateCounter.open(table.fd, { ...WINDOWS, ...changes });
}

/** `count` requests at one moment, `-` for each that may be served and `x` for each that may not. */
function ask(counter: RateCounter, at: number, count: number, client = 'a'): string {
  return Array.from({ length: count }, () => (counter.take(client, at) === 0 ? '-' : 'x')).join('');
}

for (const start of STARTS) {
  describe(`from ${start} ms on`, () => {
    test('as many requests as the short window allows are served, the next is not', () => {
      assert.equal(ask(open(), start, 6), '----xx');
    });

    test('a client that waits as long as it is told is served', () => {
      const counter = open();
      ask(counter, start, 4);
      const wait = counter.take('a', start);
      assert.ok(wait > 0 && wait <= 2000, `${wait}`);
      assert.notEqual(counter.take('a', start + wait - 20), 0);
      assert.equal(counter.take('a', start + wait + 1), 0);
    });

    test('the long window counts what several short ones let through', () => {
      const counter = open();
      const served = Array.from({ length: 6 }, (_, index) => ask(counter, start + index * 1500, 4)).join('');
      assert.equal([...served].filter((each) => each === '-').length, 10);
      const wait = counter.take('a', start + 9000);
      assert.ok(wait > 1000 && wait <= 12_000, `${wait}`);
      assert.equal(counter.take('a', start + 9000 + wait + 1), 0);
    });

    test('what was asked before weighs less and less', () => {
      const counter = open({ baseLimit: 1000 });
      assert.equal(ask(counter, start, 4), '----');
      assert.equal(ask(counter, start + 1250, 3), '-xx', 'three quarters of four still count');
      assert.equal(ask(counter, start + 1500, 3), '-xx');
      assert.equal(ask(counter, start + 3500, 6), '----xx');
    });

    test('a client that goes on asking recovers all the same', () => {
      const counter = open({ baseLimit: 1000 });
      let served = 0;
      for (let at = 0; at < 10_000; at += 10) served += counter.take('a', start + at) === 0 ? 1 : 0;
      assert.ok(served >= 36 && served <= 44, `${served} of a thousand, at four a second`);
    });

    test('as in Neutron it never recovers when refused requests count', () => {
      const counter = open({ baseLimit: 1000, countRefused: 1 });
      let served = 0;
      for (let at = 0; at < 10_000; at += 10) served += counter.take('a', start + at) === 0 ? 1 : 0;
      assert.equal(served, 4);
      assert.equal(counter.take('a', start + 13_000), 0, 'after a silence it does');
    });

    test('a request that one window refuses does not count in the other', () => {
      const counter = open({ baseLimit: 5 });
      assert.equal(ask(counter, start, 40), `----${'x'.repeat(36)}`);
      assert.equal(ask(counter, start + 2000, 2), '-x');
    });

    test('clients do not count for each other', () => {
      const counter = open();
      assert.equal(ask(counter, start, 5, 'a'), '----x');
      assert.equal(ask(counter, start, 5, 'b'), '----x');
    });
  });
}

test('with more clients than there is room for, those idle for longest are forgotten', () => {
  const counter = open({}, 16);
  assert.equal(ask(counter, 1000, 5, 'oldest'), '----x');
  for (let index = 0; index < 15; index += 1) assert.equal(ask(counter, 1100 + index, 5, `other ${index}`), '----x');
  assert.equal(ask(counter, 1200, 5, 'one more'), '----x');
  assert.equal(ask(counter, 1201, 1, 'other 14'), 'x', 'the youngest is still known');
  assert.equal(ask(counter, 1202, 1, 'oldest'), '-', 'the oldest is not');
});

test('a count of more than 16 bits stays at the most there is', () => {
  const counter = open({ baseLimit: 65_535, burstLimit: 65_535, countRefused: 1 });
  for (let index = 0; index < 65_535; index += 1) assert.equal(counter.take('a', 5000), 0);
  for (let index = 0; index < 10; index += 1) assert.notEqual(counter.take('a', 5000), 0);
});

test('processes that count together let through no more than one alone', async () => {
  const table = RateTable.create(64);
  tables.push(table);
  const takers = Array.from({ length: 4 }, () =>
    spawn(process.execPath, [TAKER, '20000', '5000'], { stdio: ['pipe', 'pipe', 'inherit', table.fd] }),
  );
  const served = await Promise.all(
    takers.map(async (taker) => {
      assert.ok(taker.stdout);
      const [line] = (await once(taker.stdout, 'data')) as [Buffer];
      await once(taker, 'close');
      return Number(line.toString());
    }),
  );
  assert.equal(
    served.reduce((total, count) => total + count, 0),
    5000,
  );
});
