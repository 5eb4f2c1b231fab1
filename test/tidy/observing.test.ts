/** Alerts and dashboard speak of metrics that there are, in PromQL that Prometheus reads. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { parse, stringify } from 'yaml';
import { metricFamilies } from '../../src/control/metric-families.ts';
import { render } from '../../src/metrics/render.ts';
import { sampleAgentFamilies } from '../agent/sample-metrics.ts';
import { sampleStatus } from '../control/sample-status.ts';
import { readDashboard } from '../dashboard/model.ts';
import { UNPACKED, unlessThere } from '../kit/peers.ts';
import { ROOT, read } from './sources.ts';

const PROMTOOL = join(UNPACKED, 'usr/bin/promtool');
const folder = mkdtempSync(join(tmpdir(), 'metasteer-observing-'));
after(() => rmSync(folder, { recursive: true }));

const families = metricFamilies({
  status: sampleStatus(),
  owners: new Map([['other', { requests: 1, refused: 1, connections: 1, dropped: 1 }]]),
  process: { startedAtSeconds: 1_700_000_000, cpuSeconds: 1, residentBytes: 1 },
});
const agentFamilies = sampleAgentFamilies();
const names = new Set(
  [...families, ...agentFamilies].flatMap(({ name, type }) =>
    type === 'histogram' ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  ),
);

const dashboard = readDashboard();
const alerts = parse(read('packaging/prometheus/alerts.yml')) as {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string }[] }[];
};
const rules = alerts.groups.flatMap((group) => group.rules);
const expressions = [
  ...rules.map(({ alert, expr }) => [alert, expr] as const),
  ...dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, expr] as const)),
];

describe('alerts and dashboard', () => {
  test('name only metrics that there are', () => {
    const unknown = expressions.flatMap(([where, expr]) =>
      [...expr.matchAll(/\bmetasteer_\w+/g)].flatMap(([name]) => (names.has(name) ? [] : [`${where}: ${name}`])),
    );
    assert.deepEqual(unknown, []);
  });

  test('have panels with numbers of their own that do not overlap', () => {
    assert.equal(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length);
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, index) => `${x + (index % w)} ${y + Math.floor(index / w)}`),
    );
    assert.equal(new Set(cells).size, cells.length);
  });

  test('have an alert in the tests for every alert', () => {
    const tests = read('packaging/prometheus/alerts.test.yml');
    assert.deepEqual(
      rules.filter(({ alert }) => !tests.includes(`alertname: ${alert}`)).map(({ alert }) => alert),
      [],
    );
  });
});

describe('promtool', { skip: unlessThere('prometheus') }, () => {
  const promtool = (args: readonly string[], input = ''): string =>
    execFileSync(PROMTOOL, args, { cwd: ROOT, input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] });

  test('finds nothing wrong with the metrics', async () => {
    for (const each of [families, agentFamilies]) assert.equal(promtool(['check', 'metrics'], await render(each)), '');
  });

  test('reads the alerts, and their tests pass', () => {
    promtool(['check', 'rules', 'packaging/prometheus/alerts.yml']);
    assert.match(promtool(['test', 'rules', 'packaging/prometheus/alerts.test.yml']), /SUCCESS/);
  });

  test('reads every expression of the dashboard', () => {
    const exprs = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    const rule = (expr: string, index: number) => ({
      record: `panel:${index}`,
      expr: expr.replaceAll('$__rate_interval', '5m'),
    });
    const file = join(folder, 'panels.yml');
    writeFileSync(file, stringify({ groups: [{ name: 'panels', rules: exprs.map(rule) }] }));
    assert.match(promtool(['check', 'rules', file]), new RegExp(`${exprs.length} rules found`));
  });
});
