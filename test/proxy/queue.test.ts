import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Queue } from '../../src/proxy/queue.ts';
import { reply } from '../kit/agents.ts';
import { parseResponse } from '../kit/raw-client.ts';
import { endAfterEach, startKeepAlive, startWorker } from './setup.ts';
import { until } from './worker.ts';

endAfterEach();

interface Item {
  readonly port: object;
  readonly client: string;
  readonly queueDeadline: number;
  readonly name: string;
}

const PORTS = [{}, {}, {}];

function item(port: number, client: string, name: string, queueDeadline = 0): Item {
  return { port: PORTS[port] ?? {}, client, name, queueDeadline };
}

function drain(queue: Queue<Item>): string {
  let names = '';
  for (let next = queue.take(); next !== undefined; next = queue.take()) names += next.name;
  return names;
}

describe('the turn', () => {
  test('goes round over ports', () => {
    const queue = new Queue<Item>();
    for (const name of 'abcd') queue.push(item(0, 'x', name));
    for (const name of 'ef') queue.push(item(1, 'x', name));
    queue.push(item(2, 'x', 'g'));
    assert.equal(drain(queue), 'aegbfcd');
  });

  test('goes round over the clients of a port', () => {
    const queue = new Queue<Item>();
    for (const name of 'abc') queue.push(item(0, 'x', name));
    for (const name of 'de') queue.push(item(0, 'y', name));
    for (const name of '12') queue.push(item(1, 'x', name));
    assert.equal(drain(queue), 'a1d2bec');
  });

  test('comes to a new port after those that wait already', () => {
    const queue = new Queue<Item>();
    for (const name of 'ab') queue.push(item(0, 'x', name));
    assert.equal(queue.take()?.name, 'a');
    queue.push(item(1, 'x', 'c'));
    assert.equal(drain(queue), 'bc');
  });

  test('comes at once to what was given back', () => {
    const queue = new Queue<Item>();
    for (const name of 'ab') queue.push(item(0, 'x', name));
    queue.push(item(1, 'x', 'c'));
    const first = queue.take();
    assert.ok(first !== undefined);
    queue.pushFront(first);
    assert.equal(queue.peek(), first);
    assert.equal(drain(queue), 'acb');
  });

  test('passes over what was removed or has expired', () => {
    const queue = new Queue<Item>();
    const items = [...'abcd'].map((name, index) => item(index % 2, 'x', name, index));
    for (const one of items) queue.push(one);
    assert.deepEqual(
      queue.takeExpired(1).map((one) => one.name),
      ['a', 'b'],
    );
    assert.equal(items[2] !== undefined && queue.remove(items[2]), true);
    assert.equal(items[2] !== undefined && queue.remove(items[2]), false);
    assert.equal(queue.size, 1);
    assert.equal(drain(queue), 'd');
    assert.equal(queue.size, 0);
    assert.equal(queue.take(), undefined);
  });
});

test('whatever happens, nothing is lost or given out twice, and the order inside a client is kept', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(fc.nat(2), fc.constantFrom('x', 'y'), fc.constantFrom('push', 'push', 'take', 'back', 'remove')),
        { maxLength: 60 },
      ),
      (steps) => {
        const queue = new Queue<Item>();
        const waiting = new Set<Item>();
        let count = 0;
        for (const [port, client, step] of steps) {
          if (step === 'push') {
            const added = item(port, client, String(count), count);
            count += 1;
            waiting.add(added);
            queue.push(added);
          } else if (step === 'remove') {
            const [victim] = waiting;
            if (victim !== undefined) assert.ok(queue.remove(victim) && waiting.delete(victim));
          } else {
            assert.equal(queue.peek() === undefined, waiting.size === 0);
            const taken = queue.take();
            if (taken === undefined) continue;
            for (const other of waiting) {
              if (other.port === taken.port && other.client === taken.client)
                assert.ok(other.queueDeadline >= taken.queueDeadline);
            }
            if (step === 'back') queue.pushFront(taken);
            else assert.ok(waiting.delete(taken));
          }
          assert.equal(queue.size, waiting.size);
        }
        for (let next = queue.take(); next !== undefined; next = queue.take()) assert.ok(waiting.delete(next));
        assert.equal(waiting.size, 0);
      },
    ),
  );
});

describe('a storm', () => {
  const get = (target: string) => `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;

  test('on one port does not delay another port, nor one client another', async () => {
    const worker = await startWorker({ ports: 2, agent: { concurrency: 1, generation: 'keep-alive' } });
    const order: string[] = [];
    const agent = await startKeepAlive(worker, async (request) => {
      await new Promise((resolve) => setTimeout(resolve, 2));
      order.push(request.requestLine.split(' ')[1] ?? '');
      return reply('x');
    });
    const storm = await Promise.all(Array.from({ length: 200 }, () => worker.open(0)));
    for (const client of storm) void client.send(get('/storm'));
    await until(() => worker.proxy.status().agent.queued > 150, 'the storm waits');
    const before = agent.received.length;
    const others = [await worker.open(1), await worker.open(0, '127.0.0.2')];
    for (const client of others) await client.send(get('/other'));
    for (const client of others) {
      await client.untilClosed();
      assert.equal(parseResponse(client.text)?.status, 200);
      client.close();
    }
    const places = order.flatMap((target, place) => (target === '/other' ? [place] : []));
    assert.ok(Math.max(...places) - before < 40, `served at ${places} of ${order.length}, asked for after ${before}`);
    for (const client of storm) {
      await client.untilClosed();
      client.close();
    }
    assert.deepEqual(worker.refused(), {});
  });

  test('beyond the length of the queue gets 503 with Retry-After, at once', async () => {
    const worker = await startWorker({ agent: { concurrency: 1, queueLength: 3 } });
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const agent = await startKeepAlive(worker, async () => {
      await held;
      return reply('x');
    });
    const clients = [await worker.open()];
    await clients[0]?.send(get('/'));
    await until(() => agent.received.length === 1, 'with the agent');
    for (let count = 0; count < 3; count += 1) {
      const client = await worker.open();
      clients.push(client);
      await client.send(get('/'));
    }
    await until(() => worker.proxy.status().agent.queued === 3, 'the queue is full');
    const response = parseResponse(await worker.raw(get('/')));
    assert.equal(response?.status, 503);
    assert.equal(response.headers.get('retry-after'), '1');
    assert.deepEqual(worker.refused(), { 'queue-full': 1 });
    release();
    for (const client of clients) {
      await client.untilClosed();
      assert.equal(parseResponse(client.text)?.status, 200);
      client.close();
    }
  });

  test('that the agent is too slow for gets 503 when it has waited long enough', async () => {
    const worker = await startWorker({ agent: { concurrency: 1, queueTimeoutMs: 300 } });
    const agent = await startKeepAlive(worker, () => undefined);
    const first = await worker.open();
    await first.send(get('/'));
    await until(() => agent.received.length === 1, 'with the agent');
    const response = parseResponse(await worker.raw(get('/')));
    assert.equal(response?.status, 503);
    assert.equal(response.headers.get('retry-after'), '1');
    assert.deepEqual(worker.refused(), { 'queue-timeout': 1 });
    first.close();
  });
});
