import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { byLabel, histogram, single } from '../../src/metrics/family.ts';
import { render } from '../../src/metrics/render.ts';

describe('metrics as text', () => {
  test('of one value', async () => {
    assert.equal(
      await render([single('counter', 'm_requests_total', 'Requests.', 7)]),
      '# HELP m_requests_total Requests.\n# TYPE m_requests_total counter\nm_requests_total 7\n',
    );
  });

  test('with a label, of which nothing can break out', async () => {
    const text = await render([byLabel('gauge', 'm_ports', 'Ports.', 'state', { steering: 2, 'a"\n\\': 1 })]);
    assert.equal(
      text,
      '# HELP m_ports Ports.\n# TYPE m_ports gauge\nm_ports{state="steering"} 2\nm_ports{state="a\\"\\n\\\\"} 1\n',
    );
  });

  test('of a histogram, whose buckets hold those below them', async () => {
    const text = await render([histogram('m_seconds', 'Time.', [0.1, 1], { counts: [2, 3, 1], sum: 4.5 })]);
    assert.deepEqual(text.trimEnd().split('\n').slice(2), [
      'm_seconds_bucket{le="0.1"} 2',
      'm_seconds_bucket{le="1"} 5',
      'm_seconds_bucket{le="+Inf"} 6',
      'm_seconds_sum 4.5',
      'm_seconds_count 6',
    ]);
  });

  test('without values is nothing', async () => {
    assert.equal((await render([byLabel('gauge', 'm_none', 'None.', 'a', {})])).trim(), '');
  });
});
