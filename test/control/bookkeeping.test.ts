import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { explained } from '../../src/control/explain.ts';
import { Failures } from '../../src/control/failures.ts';
import { Pending } from '../../src/control/pending.ts';
import type { FoundInterface } from '../../src/control/port.ts';
import { Slots } from '../../src/control/slots.ts';
import { Stopper } from '../../src/control/stopper.ts';
import { MetasteerError } from '../../src/errors.ts';
import { KernelError } from '../../src/kernel/kernel-error.ts';
import { createLogger } from '../../src/log.ts';

const FOUND = { namespace: 'qrouter-x', link: { name: 'qr-a' } } as unknown as FoundInterface;
const ERRNO = { EPERM: 1, EBUSY: 16, EINVAL: 22, ENOENT: 2, EOPNOTSUPP: 95, E2BIG: 7 } as const;

describe('slots', () => {
  it('are taken in turn, and one given back is used last', () => {
    const slots = new Slots(3);
    assert.deepEqual([slots.take(), slots.take()], [0, 1]);
    const [first] = [slots.take()];
    assert.equal(first, 2);
    assert.equal(slots.take(), undefined, 'none is left');
  });

  it('given back can be taken again', () => {
    const slots = new Slots(2);
    const first = slots.take();
    assert.ok(first !== undefined);
    slots.take();
    slots.giveBack(first);
    assert.equal(slots.take(), first);
  });
});

describe('failures', () => {
  const error = new MetasteerError('port-attach-failed', 'no');

  it('wait longer each time, up to half a minute', () => {
    const failures = new Failures();
    const waits = Array.from({ length: 8 }, () => failures.add('key', FOUND, error, 0));
    assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  it('are due after their wait, and forgotten with their interface', () => {
    const failures = new Failures();
    failures.add('key', FOUND, error, 5000);
    assert.deepEqual([...failures.waiting(5999)], ['key']);
    assert.deepEqual([...failures.waiting(6000)], []);
    failures.keepOnly(new Set());
    assert.deepEqual(failures.all, []);
  });
});

describe('the kernel’s refusals', () => {
  const rows: readonly [string, keyof typeof ERRNO, string][] = [
    ['ms_port_create', 'EBUSY', 'port-device-failed'],
    ['ms_port_create', 'EOPNOTSUPP', 'kernel-no-macvlan'],
    ['ms_port_up', 'EINVAL', 'port-device-failed'],
    ['ms_program_load', 'EINVAL', 'bpf-load-failed'],
    ['ms_attach', 'EOPNOTSUPP', 'kernel-no-tcx'],
    ['ms_attach', 'ENOENT', 'kernel-no-clsact'],
    ['ms_attach', 'EPERM', 'port-attach-failed'],
    ['ms_listen', 'EPERM', 'port-listen-failed'],
    ['ms_port_reset', 'E2BIG', 'port-attach-failed'],
  ];
  for (const [operation, errno, code] of rows) {
    it(`${errno} of ${operation} is ${code}, and names interface and cause`, () => {
      const error = explained(new KernelError(operation, ERRNO[errno]), FOUND);
      assert.equal(error.code, code);
      assert.equal(error.message, `qrouter-x/qr-a: ${operation}: ${errno}`);
    });
  }

  it('that are explained already stay as they are', () => {
    const error = new MetasteerError('worker-failed', 'it ended');
    assert.equal(explained(error, FOUND), error);
  });
});

describe('awaited answers', () => {
  it('end with the answer, an error, or their time', async () => {
    const pending = new Pending<string, number>();
    const answered = pending.wait('a', 1000, 'late');
    pending.resolve('a', 1);
    assert.equal(await answered, 1);
    const failed = pending.wait('b', 1000, 'late');
    pending.rejectAll(new Error('gone'));
    await assert.rejects(failed, /gone/);
    await assert.rejects(pending.wait('c', 1, 'late'), /late/);
  });

  it('that nobody waits for are no error', () => new Pending<string, number>().resolve('x', 1));
});

describe('the stopper', () => {
  it('closes the last first, and the rest after one that fails', async () => {
    const closed: string[] = [];
    const stopper = new Stopper(createLogger('error', {}, { write: () => undefined }));
    stopper.owns({ close: () => void closed.push('first') });
    stopper.owns({ close: () => Promise.reject(new Error('no')) });
    stopper.owns({ close: () => void closed.push('last') });
    await stopper.stop();
    assert.deepEqual(closed, ['last', 'first']);
  });
});
