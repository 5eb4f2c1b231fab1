import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DURATION_BOUNDS, Histogram } from '../../src/metrics/histogram.ts';
import { Census } from '../../src/proxy/census.ts';
import { endAfterEach, startKeepAlive, startWorker } from './setup.ts';

endAfterEach();

describe('a histogram', () => {
  test('counts a time in the first bucket that is long enough, and what is longer than all in the last', () => {
    const histogram = new Histogram();
    for (const ms of [0, 1, 1.1, 32_000, 32_001, -5]) histogram.observe(ms);
    const { counts, sum } = histogram.counted;
    assert.equal(counts.length, DURATION_BOUNDS.length + 1);
    assert.deepEqual([counts[0], counts[1], counts.at(-2), counts.at(-1)], [3, 1, 1, 1]);
    assert.ok(Math.abs(sum - 64.0031) < 1e-9, String(sum));
  });
});

describe('a census', () => {
  const request = { status: 200, bytes: 10, startedAt: 100, queuedAt: 101, sentAt: 103, endedAt: 110 };
  const total = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0);

  test('tells the time of a request from its wait and from the agent’s part', () => {
    const census = new Census();
    census.ended(request);
    const { total: all, queue, agent, bytes, responses } = census.counts();
    assert.deepEqual([all.sum, queue.sum, agent.sum], [0.01, 0.002, 0.007]);
    assert.deepEqual([bytes, responses], [10, { '2xx': 1 }]);
  });

  test('counts a request that never reached the agent as one that waited to its end', () => {
    const census = new Census();
    census.ended({ ...request, status: 503, sentAt: 0 });
    const { queue, agent } = census.counts();
    assert.deepEqual([queue.sum, total(agent.counts)], [0.009, 0]);
  });

  test('counts no time for what never began, and no response that was not sent', () => {
    const census = new Census();
    census.ended({ status: 0, bytes: 0, startedAt: 0, queuedAt: 0, sentAt: 0, endedAt: 9 });
    const { total: all, queue, responses } = census.counts();
    assert.deepEqual([total(all.counts), total(queue.counts), responses], [0, 0, {}]);
  });
});

describe('a worker counts', () => {
  test('connections, responses, refusals and times, also of ports that are gone', async () => {
    const worker = await startWorker();
    await startKeepAlive(worker);
    await worker.raw('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    await worker.raw('nonsense\r\n\r\n');
    const [port] = worker.proxy.status().ports;
    await worker.proxy.removePort(port?.portId as never);
    const { counts } = worker.proxy.status();
    assert.equal(counts.accepted, 2);
    assert.deepEqual(counts.responses, { '2xx': 1, '4xx': 1 });
    assert.deepEqual(counts.refused, { 'request-line-malformed': 1 });
    const totals = [counts.total, counts.queue, counts.agent].map((each) => total(each.counts));
    assert.deepEqual(totals, [2, 1, 1]);
  });
});

function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
