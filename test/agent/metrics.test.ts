/** The agent's metrics: what they say, after requests too; docs/metrics.md lists exactly these. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { pino } from 'pino';
import { serveMetrics } from '../../src/agent/metrics.ts';
import { render } from '../../src/metrics/render.ts';
import { curlOver, docRows } from '../kit/metrics.ts';
import { sampleAgentFamilies } from './sample-metrics.ts';
import { endAfterEach, INSTANCE, sourceDown, TestAgent, TestNova, WHO } from './setup.ts';

endAfterEach();

const PREFIX = 'metasteer_metadata_agent';

function assertLines(text: string, wanted: readonly string[]): void {
  const lines = text.split('\n');
  for (const line of wanted) assert.ok(lines.includes(PREFIX + line), `${line} is not in:\n${text}`);
}

/** Scrapes a running agent once over a socket of its own. */
async function scrape({
  settings: others,
  resolver,
  nova,
  owners,
  server,
  socket: beside,
}: TestAgent): Promise<string> {
  const socket = `${beside}-metrics`;
  const settings = { ...others, metrics: { socket } };
  const metrics = await serveMetrics({ settings, resolver, nova, owners, server }, pino({ level: 'silent' }));
  const text = await curlOver(socket);
  await metrics?.close();
  assert.ok(!existsSync(socket));
  return text;
}

describe('the agent’s metrics', () => {
  test('say what the status says', async () => {
    assertLines(await render(sampleAgentFamilies()), [
      '_http_requests_total{result="reply"} 6',
      '_http_requests_total{result="instance-unknown"} 2',
      '_http_responses_total{code="2xx"} 6',
      '_http_responses_total{code="none"} 1',
      '_resolutions_total{by="cache"} 5',
      '_resolutions_total{by="negative-cache"} 1',
      '_resolutions_total{by="look-up"} 3',
      '_lookup_errors_total 1',
      '_lookup_duration_seconds_bucket{le="0.005"} 1',
      '_lookup_duration_seconds_count 2',
      '_nova_addresses{state="aside"} 1',
      '_nova_addresses{state="unknown"} 0',
      '_nova_connect_failures_total{nova="http://10.0.0.2:8775"} 1',
      '_current_queue 4',
      '_response_cache_hits_total 1',
    ]);
  });

  test('have one prefix, base units and the endings of their kinds', () => {
    for (const { name, type, help } of sampleAgentFamilies()) {
      assert.match(name, /^metasteer_metadata_agent_[a-z_]+$/);
      assert.equal(name.endsWith('_total'), type === 'counter', name);
      if (type === 'histogram') assert.match(name, /_seconds$/);
      assert.match(help, /\.$/, name);
    }
  });

  test('are those of docs/metrics.md, with the same words', () => {
    const expected = sampleAgentFamilies().map(({ name, type, help }) => `| \`${name}\` | ${type} | ${help}`);
    assert.deepEqual(docRows('Metrics of the agent'), expected);
  });

  test('count requests, look-ups and nova’s time of an agent that runs', async () => {
    const agent = await TestAgent.start([await TestNova.start()]);
    for (const _ of [1, 2, 3]) await agent.get('/latest');
    await agent.raw(`GET / HTTP/1.1\r\n${WHO.replace('10.0.0.5', '10.0.0.6')}Connection: close\r\n\r\n`);
    agent.resolver.answer = () => ({ kind: 'mismatch', instance: INSTANCE });
    for (const _ of [1, 2]) await agent.get('/latest', 'X-Metasteer-Client-MAC: 02:00:00:00:00:01\r\n');
    agent.resolver.answer = sourceDown;
    await agent.get('/latest');
    await agent.raw('nonsense\r\n\r\n');
    assertLines(await scrape(agent), [
      '_http_requests_total{result="reply"} 3',
      '_http_requests_total{result="instance-unknown"} 1',
      '_http_requests_total{result="mac-mismatch"} 2',
      '_http_requests_total{result="source-failed"} 1',
      '_http_requests_total{result="request-malformed"} 1',
      '_http_responses_total{code="2xx"} 3',
      '_http_responses_total{code="4xx"} 4',
      '_http_responses_total{code="5xx"} 1',
      '_request_duration_seconds_count 7',
      '_queue_duration_seconds_count 3',
      '_nova_duration_seconds_count 3',
      '_nova_addresses{state="answering"} 1',
    ]);
  });

  test('are served nowhere unless the settings say where', async () => {
    const { settings, resolver, nova, owners, server } = await TestAgent.start([await TestNova.start()]);
    assert.equal(
      await serveMetrics({ settings, resolver, nova, owners, server }, pino({ level: 'silent' })),
      undefined,
    );
  });
});
