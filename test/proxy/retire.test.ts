import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { echo } from '../kit/agents.ts';
import { endAfterEach, startKeepAlive, startWorker } from './setup.ts';
import { until } from './worker.ts';

endAfterEach();

describe('a worker that retires', () => {
  test('and is told so again meanwhile still answers what it was asked', async () => {
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const worker = await startWorker();
    const agent = await startKeepAlive(worker, async (request, socket) => {
      await released;
      return echo(request, socket);
    });
    const answer = worker.raw('GET /held HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    await until(() => agent.received.length === 1, 'the agent is asked');
    const retired = [worker.proxy.retire(10_000), worker.proxy.retire(10_000)];
    release();
    assert.match(await answer, /^HTTP\/1\.1 200 .*GET \/held /s);
    await Promise.all(retired);
    assert.equal(worker.proxy.connections, 0);
  });
});
