import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/load.ts';
import { proxySettings } from '../../src/config/proxy-settings.ts';

test('a worker is told everything of the configuration that the request path needs, and no more', () => {
  const config = parseConfig(
    `
agent: { socket: /a, generation: one-shot, concurrency: 3, queue_length: 5, queue_timeout: 7s, retry: 9ms, client_mac: false, admin_socket: /b }
metadata_haproxy: { timeout_connect: 1, timeout_client: 2, timeout_server: 3, timeout_http_request: 4, timeout_http_keep_alive: 5 }
limits: { head_size: 2048, header_count: 6, target_length: 1024, body_size: 7, connections: 8 }
log: { access: all }
`,
    'c.yaml',
  );
  assert.deepEqual(proxySettings(config), {
    agent: {
      socket: '/a',
      generation: 'one-shot',
      concurrency: 3,
      queueLength: 5,
      queueTimeoutMs: 7000,
      retryMs: 9,
      clientMac: false,
    },
    timeouts: { connectMs: 1000, clientMs: 2000, serverMs: 3000, httpRequestMs: 4000, httpKeepAliveMs: 5000 },
    limits: { headBytes: 2048, headerCount: 6, targetBytes: 1024, bodyBytes: 7, connections: 8 },
    log: { access: 'all' },
  });
});

test('what the agent carries out at once is shared among the workers, by default by its generation', () => {
  const shares = (yaml: string) => {
    const { concurrency, keepAliveConcurrency } = proxySettings(parseConfig(yaml, 'c.yaml')).agent;
    return [concurrency, keepAliveConcurrency];
  };
  assert.deepEqual(shares('agent: { socket: /a }\n'), [8, 32]);
  assert.deepEqual(shares('agent: { socket: /a }\nworkers: 3\n'), [2, 10]);
  assert.deepEqual(shares('agent: { socket: /a }\nworkers: 64\n'), [1, 1]);
  assert.deepEqual(shares('agent: { socket: /a, concurrency: 5 }\nworkers: 2\n'), [2, undefined]);
});
