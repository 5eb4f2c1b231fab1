import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { untilAborted, withDeadline } from '../../src/agent/deadline.ts';

const never = new Promise<never>(() => {});
const late = () => new Error('late');

describe('work under a deadline', () => {
  test('ends with its result or its own error', async () => {
    assert.equal(await withDeadline({ ms: 60_000, reason: late }, async () => 'done'), 'done');
    const failing = withDeadline({ ms: 60_000, reason: late }, () => Promise.reject(new Error('own')));
    await assert.rejects(failing, { message: 'own' });
  });

  test('ends when its time is up, whether it heeds its signal or not', async () => {
    let signal: AbortSignal | undefined;
    const hung = withDeadline({ ms: 5, reason: late }, (given) => {
      signal = given;
      return never;
    });
    await assert.rejects(hung, { message: 'late' });
    assert.equal(signal?.reason.message, 'late');
  });

  test('ends with the one who waits for it', async () => {
    const parent = new AbortController();
    const work = withDeadline({ ms: 60_000, reason: late, parent: parent.signal }, () => never);
    parent.abort(new Error('given up'));
    await assert.rejects(work, { message: 'given up' });
  });

  test('does not begin when that one has given up already', async () => {
    let begun = false;
    const work = withDeadline(
      { ms: 60_000, reason: late, parent: AbortSignal.abort(new Error('given up')) },
      async () => {
        begun = true;
      },
    );
    await assert.rejects(work, { message: 'given up' });
    assert.equal(begun, false);
  });
});

test('a shared result is not waited for with a signal that has aborted', async () => {
  await assert.rejects(untilAborted(never, AbortSignal.abort(new Error('given up'))), { message: 'given up' });
});
