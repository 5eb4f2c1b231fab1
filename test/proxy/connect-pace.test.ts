import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectPace } from '../../src/proxy/connect-pace.ts';

function ready(retryMs: number): { pace: ConnectPace; onReady: Promise<void> } {
  let resolve: () => void = () => undefined;
  const onReady = new Promise<void>((done) => {
    resolve = done;
  });
  return { pace: new ConnectPace(retryMs, () => resolve()), onReady };
}

test('any number of attempts may be under way while none has failed', () => {
  const { pace } = ready(10);
  assert.ok(pace.mayConnect(0));
  assert.ok(pace.mayConnect(100));
  assert.equal(pace.absent, false);
});

test('after a failure there is a pause, then one attempt at a time until one succeeds', async () => {
  const { pace, onReady } = ready(10);
  pace.failed('ENOENT', 'connect ENOENT');
  assert.equal(pace.mayConnect(0), false);
  assert.equal(pace.absent, true);
  assert.equal(pace.lastError, 'connect ENOENT');
  await onReady;
  assert.ok(pace.mayConnect(0));
  assert.equal(pace.mayConnect(1), false);
  pace.succeeded();
  assert.ok(pace.mayConnect(1));
  assert.equal(pace.absent, false);
  assert.equal(pace.lastError, undefined);
});

test('a full backlog is not an absent agent, and an exchange that ends makes room at once', () => {
  const { pace } = ready(60_000);
  pace.failed('EAGAIN', 'connect EAGAIN');
  assert.equal(pace.absent, false);
  assert.equal(pace.mayConnect(0), false);
  pace.roomMade();
  assert.ok(pace.mayConnect(0));
  pace.failed('ENOENT', 'connect ENOENT');
  pace.roomMade();
  assert.equal(pace.mayConnect(0), false, 'an exchange that ends says nothing about an absent agent');
  pace.stop();
});

for (const code of ['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM']) {
  test(`${code} is a shortage of our own, and says nothing about the agent`, () => {
    const { pace } = ready(60_000);
    pace.failed(code, `connect ${code}`);
    assert.equal(pace.absent, false);
    assert.equal(pace.mayConnect(0), false);
    pace.stop();
  });
}
