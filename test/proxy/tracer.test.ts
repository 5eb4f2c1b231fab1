import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { WorkerTraceEvent } from '../../src/proxy/messages.ts';
import { endAfterEach, startKeepAlive, startWorker } from './setup.ts';
import { OWNER, until } from './worker.ts';

endAfterEach();

const REQUEST = 'GET /openstack/x?token=secret HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

async function tracing() {
  const events: WorkerTraceEvent[] = [];
  const worker = await startWorker({ ports: 2, traced: (event) => events.push(event) });
  await startKeepAlive(worker);
  return { worker, events };
}

describe('a worker that traces', () => {
  test('tells every stage of a request, without its query', async () => {
    const { worker, events } = await tracing();
    worker.proxy.trace({ client: '127.0.0.1', ownerId: OWNER });
    await worker.raw(REQUEST);
    await until(() => events.length === 6, 'six stages');
    assert.deepEqual(
      events.map(({ stage }) => stage),
      ['accepted', 'head', 'queued', 'sent', 'reply', 'closed'],
    );
    assert.deepEqual([events[1]?.method, events[1]?.path], ['GET', '/openstack/x']);
    assert.equal(events[4]?.status, 200);
    assert.equal(new Set(events.map(({ clientPort }) => clientPort)).size, 1);
    assert.doesNotMatch(JSON.stringify(events), /secret/);
  });

  test('tells the reason of a refusal', async () => {
    const { worker, events } = await tracing();
    worker.proxy.trace({ client: '127.0.0.1' });
    await worker.raw('nonsense\r\n\r\n');
    await until(() => events.length >= 2, 'two stages');
    assert.deepEqual(
      [events[1]?.stage, events[1]?.reason, events[1]?.status],
      ['refused', 'request-line-malformed', 400],
    );
  });

  test('tells of nobody else, and of nobody when it is over', async () => {
    const { worker, events } = await tracing();
    worker.proxy.trace({ client: '127.0.0.2' });
    await worker.raw(REQUEST);
    worker.proxy.trace({ ownerId: '0a1b2c3d-0000-4000-8000-000000000099' });
    await worker.raw(REQUEST);
    worker.proxy.trace(undefined);
    await worker.raw(REQUEST);
    assert.deepEqual(events, []);
  });

  test('tells of connections that were open before', async () => {
    const { worker, events } = await tracing();
    const client = await worker.open();
    await until(() => worker.proxy.status().connections === 1, 'it is open');
    worker.proxy.trace({ client: '127.0.0.1' });
    await client.send(REQUEST);
    await until(() => events.some(({ stage }) => stage === 'reply'), 'it is answered');
    assert.equal(events[0]?.stage, 'head');
    client.close();
  });
});
