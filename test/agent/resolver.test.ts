import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Resolver } from '../../src/agent/resolver.ts';
import { type Asker, type Instance, type InstanceSource, SourceError } from '../../src/agent/source.ts';
import { parseMacAddress } from '../../src/identity/mac-address.ts';
import { asker, INSTANCE, MAC, OTHER_MAC, uuid } from './sample-cloud.ts';

const mac = parseMacAddress(MAC);
const found: Instance = { instanceId: INSTANCE, projectId: 'blue', ...(mac && { macs: [mac] }) };
const A = asker('10.0.0.5');
const B = asker('10.0.0.6');

/** A source whose answers a test gives, one look-up at a time. */
class HeldSource implements InstanceSource {
  readonly asked: Asker[] = [];
  readonly forgotten: Asker[] = [];
  readonly signals: AbortSignal[] = [];
  readonly #held: { answer: (found: readonly Instance[]) => void; fail: (error: Error) => void }[] = [];

  find(asked: Asker, signal: AbortSignal): Promise<readonly Instance[]> {
    this.asked.push(asked);
    this.signals.push(signal);
    return new Promise((answer, fail) => this.#held.push({ answer, fail }));
  }

  answer(...instances: readonly Instance[]): void {
    this.#held.shift()?.answer(instances);
  }

  answerLast(...instances: readonly Instance[]): void {
    this.#held.pop()?.answer(instances);
  }

  fail(error: Error): void {
    this.#held.shift()?.fail(error);
  }

  forget(asked: Asker): void {
    this.forgotten.push(asked);
  }

  async close(): Promise<void> {}
}

function setup(options: { entriesMax?: number; lookupsMax?: number; timeoutMs?: number } = {}) {
  const source = new HeldSource();
  const clock = { ms: 0 };
  const resolver = new Resolver({ source, ttlMs: 10_000, negativeTtlMs: 1000, now: () => clock.ms, ...options });
  const ask = async (who: Asker, ...instances: readonly Instance[]) => {
    const resolution = resolver.resolve(who);
    source.answer(...instances);
    return resolution;
  };
  return { source, clock, resolver, ask };
}

describe('what is found', () => {
  test('one instance is the answer', async () => {
    assert.deepEqual(await setup().ask(A, found), { kind: 'found', instance: found });
  });
  test('no instance is none', async () => {
    assert.deepEqual(await setup().ask(A), { kind: 'none' });
  });
  test('several instances are ambiguous, and counted', async () => {
    assert.deepEqual(await setup().ask(A, found, found, found), { kind: 'ambiguous', count: 3 });
  });
  test('an instance of another MAC is not the asker', async () => {
    const resolution = await setup().ask(asker('10.0.0.5', { mac: OTHER_MAC }), found);
    assert.deepEqual(resolution, { kind: 'mismatch', instance: found });
  });
  test('an instance that may have any MAC is the asker', async () => {
    const instance = { instanceId: INSTANCE, projectId: 'blue' };
    assert.deepEqual(await setup().ask(asker('10.0.0.5', { mac: MAC }), instance), { kind: 'found', instance });
  });
  test('the MAC does not choose between two instances: a guest may have written it', async () => {
    const otherMac = parseMacAddress(OTHER_MAC);
    const other = { instanceId: uuid(301), projectId: 'green', ...(otherMac && { macs: [otherMac] }) };
    for (const who of [A, asker('10.0.0.5', { mac: MAC }), asker('10.0.0.5', { mac: OTHER_MAC })]) {
      assert.deepEqual(await setup().ask(who, found, other), { kind: 'ambiguous', count: 2 });
    }
  });
});

describe('what is remembered', () => {
  test('an instance until its time is up, counted from the question', async () => {
    const { source, clock, resolver, ask } = setup();
    const first = resolver.resolve(A);
    clock.ms = 4000;
    source.answer(found);
    await first;
    clock.ms = 9999;
    await resolver.resolve(A);
    assert.equal(source.asked.length, 1);
    clock.ms = 10_000;
    await ask(A, found);
    assert.equal(source.asked.length, 2);
  });

  for (const [what, instances] of [
    ['none', []],
    ['several', [found, found]],
  ] as const) {
    test(`${what}, for a shorter time`, async () => {
      const { source, clock, resolver, ask } = setup();
      const first = await ask(A, ...instances);
      clock.ms = 999;
      assert.deepEqual(await resolver.resolve(A), first);
      clock.ms = 1000;
      assert.equal((await ask(A, found)).kind, 'found');
      assert.equal(source.asked.length, 2);
    });
  }

  test('no error: the next question is a look-up again', async () => {
    const { source, resolver, ask } = setup();
    const failed = resolver.resolve(A);
    source.fail(new SourceError('Neutron is away'));
    await assert.rejects(failed, { name: 'SourceError', message: 'Neutron is away' });
    assert.equal((await ask(A, found)).kind, 'found');
    assert.equal(resolver.counters.errors, 1);
  });

  test('an error of another kind comes as a SourceError', async () => {
    const { source, resolver } = setup();
    const failed = resolver.resolve(A);
    source.fail(new RangeError('a mistake'));
    await assert.rejects(failed, { name: 'SourceError', message: 'a mistake' });
  });

  test('nothing for another owner, kind or address', async () => {
    const { source, ask } = setup();
    await ask(A, found);
    const others = [B, asker('10.0.0.5', { kind: 'network' }), asker('10.0.0.5', { id: uuid(101) })];
    for (const other of others) await ask(other, found);
    assert.equal(source.asked.length, 1 + others.length);
  });

  test('an address that moved to another MAC is never answered with the old instance', async () => {
    const { ask } = setup();
    await ask(asker('10.0.0.5', { mac: MAC }), found);
    const moved = asker('10.0.0.5', { mac: OTHER_MAC });
    // The source may still be behind.
    assert.equal((await ask(moved, found)).kind, 'mismatch');
  });

  test('the same for all MACs that the instance has', async () => {
    const { source, resolver, ask } = setup();
    await ask(asker('10.0.0.5', { mac: MAC }), found);
    assert.equal((await resolver.resolve(A)).kind, 'found');
    assert.equal((await resolver.resolve(asker('10.0.0.5', { mac: MAC }))).kind, 'found');
    assert.equal(source.asked.length, 1);
  });

  test('that a MAC is another, for all others too: made-up MACs cost a look-up in `negativeTtlMs`', async () => {
    const { source, clock, resolver, ask } = setup();
    const guess = (n: number) => asker('10.0.0.5', { mac: `02:00:00:00:00:${String(n).padStart(2, '0')}` });
    await ask(asker('10.0.0.5', { mac: MAC }), found);
    // The first is looked up, since the instance may have other MACs than those of its port.
    assert.equal((await ask(guess(0), found)).kind, 'mismatch');
    for (let n = 1; n < 50; n++) assert.equal((await resolver.resolve(guess(n))).kind, 'mismatch');
    assert.equal((await resolver.resolve(asker('10.0.0.5', { mac: MAC }))).kind, 'found');
    assert.equal(source.asked.length, 2);
    clock.ms = 1000;
    assert.equal((await ask(guess(50), found)).kind, 'mismatch');
    for (let n = 51; n < 99; n++) await resolver.resolve(guess(n));
    assert.equal(source.asked.length, 3);
    assert.equal(resolver.counters.entries, 1);
  });

  test('no mismatch beyond its time: an address that went to another instance is found at once', async () => {
    const { clock, ask } = setup();
    const moved = asker('10.0.0.5', { mac: OTHER_MAC });
    const otherMac = parseMacAddress(OTHER_MAC);
    const other = { instanceId: uuid(301), projectId: 'green', ...(otherMac && { macs: [otherMac] }) };
    await ask(moved, found);
    clock.ms = 1000;
    assert.deepEqual(await ask(moved, other), { kind: 'found', instance: other });
  });

  test('no more than the limit: the oldest goes', async () => {
    const { source, resolver, ask } = setup({ entriesMax: 2 });
    const C = asker('10.0.0.7');
    for (const who of [A, B, C]) await ask(who, found);
    assert.equal(resolver.counters.entries, 2);
    await resolver.resolve(B);
    await resolver.resolve(C);
    assert.equal(source.asked.length, 3);
    await ask(A, found);
    assert.equal(source.asked.length, 4);
  });

  test('what has expired makes room by itself', async () => {
    const { clock, resolver, ask } = setup();
    for (let n = 0; n < 5; n++) await ask(asker(`10.0.1.${n}`));
    clock.ms = 1000;
    await ask(A, found);
    assert.equal(resolver.counters.entries, 1);
  });
});

describe('look-ups under way', () => {
  test('are shared by all who ask the same', async () => {
    const { source, resolver } = setup();
    const all = Array.from({ length: 28 }, () => resolver.resolve(A));
    source.answer(found);
    for (const resolution of await Promise.all(all)) assert.deepEqual(resolution, { kind: 'found', instance: found });
    assert.equal(source.asked.length, 1);
    const { hits, misses, merged, lookups, underWay } = resolver.counters;
    assert.deepEqual(
      { hits, misses, merged, lookups, underWay },
      { hits: 0, misses: 28, merged: 27, lookups: 1, underWay: 0 },
    );
  });

  test('are shared by all MACs, and those that it says nothing of share the next', async () => {
    const { source, resolver } = setup();
    const right = resolver.resolve(asker('10.0.0.5', { mac: MAC }));
    const wrong = Array.from({ length: 5 }, (_, n) =>
      resolver.resolve(asker('10.0.0.5', { mac: `02:00:00:00:00:0${n}` })),
    );
    source.answer(found);
    assert.equal((await right).kind, 'found');
    while (source.asked.length < 2) await new Promise(setImmediate);
    source.answer(found);
    for (const each of await Promise.all(wrong)) assert.equal(each.kind, 'mismatch');
    const { misses, merged, lookups, refused } = resolver.counters;
    assert.equal(source.asked.length, 2);
    assert.equal(misses, merged + lookups + refused);
  });

  test('fail for all who wait, once', async () => {
    const { source, resolver } = setup();
    const all = Array.from({ length: 3 }, () => resolver.resolve(A));
    source.fail(new SourceError('away'));
    const settled = await Promise.allSettled(all);
    assert.ok(settled.every((each) => each.status === 'rejected'));
    assert.equal(resolver.counters.errors, 1);
    assert.equal(
      resolver.lookupTimes.counted.counts.reduce((sum, count) => sum + count),
      1,
    );
  });

  test('are refused beyond the limit, and allowed again below it', async () => {
    const { source, resolver, ask } = setup({ lookupsMax: 1 });
    const first = resolver.resolve(A);
    await assert.rejects(resolver.resolve(B), { name: 'SourceError', message: /1 look-ups .* limit/ });
    const joined = resolver.resolve(A);
    source.answer(found);
    assert.deepEqual(await first, await joined);
    assert.equal((await ask(B, found)).kind, 'found');
    assert.equal(resolver.counters.refused, 1);
  });

  test('end at the time limit; what the source says later is not kept', async () => {
    const { source, resolver } = setup({ timeoutMs: 5, lookupsMax: 1 });
    await assert.rejects(resolver.resolve(A), { name: 'SourceError', message: /took more than 5 ms/ });
    assert.equal(source.signals[0]?.aborted, true);
    // The source did not heed its signal, so its place is still taken.
    await assert.rejects(resolver.resolve(A), /limit/);
    source.answer(found);
    await new Promise(setImmediate);
    assert.deepEqual([resolver.counters.entries, resolver.counters.underWay], [0, 0]);
  });

  test('of a source that throws instead of rejecting fail alike', async () => {
    const source: InstanceSource = {
      find: () => {
        throw new SourceError('at once');
      },
      close: async () => {},
    };
    const resolver = new Resolver({ source });
    await assert.rejects(resolver.resolve(A), { name: 'SourceError', message: 'at once' });
    assert.equal(resolver.counters.underWay, 0);
  });
});

describe('what is forgotten', () => {
  test('is looked up again, by the source too', async () => {
    const { source, resolver, ask } = setup();
    await ask(A, found);
    resolver.forget(A);
    assert.deepEqual(source.forgotten, [A]);
    assert.equal((await ask(A)).kind, 'none');
  });

  test('is not kept from a look-up that began before', async () => {
    const { source, resolver } = setup();
    const before = resolver.resolve(A);
    resolver.forget(A);
    const after = resolver.resolve(A);
    assert.equal(source.asked.length, 2);
    source.answerLast();
    assert.equal((await after).kind, 'none');
    source.answer(found);
    assert.equal((await before).kind, 'found');
    assert.equal((await resolver.resolve(A)).kind, 'none');
    assert.equal(resolver.counters.negativeHits, 1);
  });
});
