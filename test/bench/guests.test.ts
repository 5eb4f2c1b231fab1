// Guests that boot against servers whose manners are known, on the loopback address: what ends a boot, and what does not.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { BOOT_DOCUMENTS } from '../../bench/storm/documents.ts';
import { type Boot, type BootPlan, type BootResult, Guests, MANNERS, type Manners } from '../../bench/storm/guests.ts';
import { deserted, LOOPBACK, type Manners as ServerManners, withServer } from './scripted-server.ts';

const DOCUMENTS = ['/openstack', '/openstack', '/meta_data.json'];
const answer = (status: string, headers = '') => `HTTP/1.1 ${status}\r\n${headers}Content-Length: 5\r\n\r\nhello`;
const OK = answer('200 OK');
const UNAVAILABLE = answer('503 Service Unavailable');
const COME_BACK = answer('503 Service Unavailable', 'Retry-After: 1\r\n');
const KINDS = Object.keys(MANNERS) as Manners[];

/** Does something with certain requests, by their number from 1, and answers the others well. */
const except =
  (numbers: readonly number[], trouble: (socket: Socket) => void): ServerManners['asked'] =>
  (socket, nth) => {
    if (numbers.includes(nth)) trouble(socket);
    else socket.write(OK);
  };

describe('a guest that boots', () => {
  let folder: string;
  let guests: Guests;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'metasteer-guests-'));
    guests = await Guests.compile(folder);
  });
  after(() => rmSync(folder, { recursive: true }));

  const PLAN = { guests: 1, manners: 'give-up', timeout: 5, pause: 0.01 } as const;

  function boot(asked: ServerManners['asked'], plan: Partial<BootPlan> = {}, documents = DOCUMENTS) {
    return withServer({ asked }, (port) =>
      guests.ask({ to: LOOPBACK, port, from: '127.0.0.2' }, { ...PLAN, ...plan }, documents),
    );
  }

  /** How the boot of the only guest ended, without its time. */
  function ending({ guests: [only] }: BootResult): Partial<Boot> {
    assert.ok(only !== undefined);
    const { seconds: _, ...rest } = only;
    return rest;
  }

  test('asks for every document in its order, on a connection each', async () => {
    const paths: string[] = [];
    const result = await boot(
      (socket, _, path) => {
        paths.push(path);
        socket.write(OK);
      },
      {},
      [...BOOT_DOCUMENTS],
    );
    assert.deepEqual(paths, BOOT_DOCUMENTS);
    assert.equal(paths.length, 28);
    assert.deepEqual([result.sockets, result.started, result.statuses], [28, 28, { 200: 28 }]);
    assert.deepEqual(ending(result), { ok: true, attempts: 28 });
    assert.equal(result.latency.total, 28);
  });

  test('has an address of its own, and boots beside the others', async () => {
    const addresses = new Map<string, number>();
    const result = await boot(
      (socket) => {
        const from = socket.remoteAddress ?? '';
        addresses.set(from, (addresses.get(from) ?? 0) + 1);
        socket.write(OK);
      },
      { guests: 300 },
    );
    assert.equal(result.guests.filter(({ ok, attempts }) => ok && attempts === 3).length, 300);
    assert.equal(addresses.size, 300);
    assert.deepEqual(new Set(addresses.values()), new Set([3]));
    assert.ok(addresses.has('127.0.0.2') && addresses.has('127.0.1.45'));
  });

  for (const manners of KINDS) {
    const [told, untold] = [manners !== 'give-up', manners === 'wait'];

    test(`that is to ${MANNERS[manners]} ${untold ? 'waits' : 'ends'} at a bare 503 to its probe`, async () => {
      const result = await boot(
        except([1, 2], (socket) => socket.write(UNAVAILABLE)),
        { manners },
      );
      const expected = untold ? { ok: true, attempts: 5 } : { ok: false, attempts: 1, document: 0, why: '503' };
      assert.deepEqual(ending(result), expected);
    });

    test(`that is to ${MANNERS[manners]} ${told ? 'waits' : 'ends'} at a 503 with Retry-After to its probe`, async () => {
      const result = await boot(
        except([1], (socket) => socket.write(COME_BACK)),
        { manners },
      );
      const expected = told ? { ok: true, attempts: 4 } : { ok: false, attempts: 1, document: 0, why: '503' };
      assert.deepEqual(ending(result), expected);
      if (told) assert.ok(result.seconds >= 1, `it waited ${result.seconds} s`);
    });

    for (const status of ['500', '502', '504', '429', '404']) {
      test(`that is to ${MANNERS[manners]} ends at a ${status} to its probe`, async () => {
        const result = await boot(
          except([1], (socket) => socket.write(answer(`${status} No`, 'Retry-After: 1\r\n'))),
          { manners },
        );
        assert.deepEqual(ending(result), { ok: false, attempts: 1, document: 0, why: status });
      });
    }
  }

  const troubles: Readonly<Record<string, (socket: Socket) => void>> = {
    reset: (socket) => socket.resetAndDestroy(),
    closed: (socket) => socket.end(),
    garbled: (socket) => socket.write('hello\r\n\r\n'),
    timeout: () => {},
  };
  for (const [why, trouble] of Object.entries(troubles)) {
    test(`ends when its probe comes to: ${why}`, async () => {
      const result = await boot(except([1], trouble), { manners: 'wait', timeout: why === 'timeout' ? 0.1 : 5 });
      assert.deepEqual(ending(result), { ok: false, attempts: 1, document: 0, why });
      assert.equal(result.failures[why], 1);
    });

    test(`repeats a later request that comes to: ${why}`, async () => {
      const result = await boot(except([3, 4], trouble), { timeout: 2 });
      assert.deepEqual(ending(result), { ok: true, attempts: 5 });
      assert.equal(result.failures[why], 2);
    });
  }

  test('ends when its probe is refused', async () => {
    const route = { to: LOOPBACK, port: await deserted(), from: LOOPBACK };
    const result = await guests.ask(route, { ...PLAN, manners: 'wait' }, DOCUMENTS);
    assert.deepEqual(ending(result), { ok: false, attempts: 1, document: 0, why: 'refused' });
  });

  for (const status of ['408', '429', '500', '502', '503', '504']) {
    test(`asks again, five times at most, after a ${status} to a later request`, async () => {
      const refusal = answer(`${status} No`);
      const fiveTimes = await boot(except([2, 3, 4, 5, 6], (socket) => socket.write(refusal)));
      assert.deepEqual(ending(fiveTimes), { ok: true, attempts: 8 });
      const always = await boot((socket, nth) => socket.write(nth === 1 ? OK : refusal));
      assert.deepEqual(ending(always), { ok: false, attempts: 7, document: 1, why: status });
    });
  }

  test('counts its tries for each document anew', async () => {
    const result = await boot(except([2, 3, 4, 6, 7, 8, 9], (socket) => socket.write(UNAVAILABLE)));
    assert.deepEqual(ending(result), { ok: true, attempts: 10 });
  });

  test('ends at another status to a later request', async () => {
    const result = await boot(except([3], (socket) => socket.write(answer('404 Not Found'))));
    assert.deepEqual(ending(result), { ok: false, attempts: 3, document: 2, why: '404' });
  });

  test('waits for a slow answer', async () => {
    const slow = (socket: Socket) => void setTimeout(() => socket.write(OK), 200);
    const result = await boot(except([1, 2, 3], slow));
    assert.deepEqual(ending(result), { ok: true, attempts: 3 });
    assert.ok(result.latency.percentile(1) >= 190_000, `the fastest took ${result.latency.percentile(1)} µs`);
  });

  test('ends when it has waited too long in all', async () => {
    const result = await boot((socket) => socket.write(UNAVAILABLE), { manners: 'wait', patience: 0.3 });
    const [only] = result.guests;
    assert.deepEqual([only?.ok, only?.document, only?.why], [false, 0, 'patience']);
  });
});
