import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CASES } from '../../bench/cases.ts';
import { curveOf } from '../../bench/contest/plots.ts';
import type { ContestFigures } from '../../bench/contest.ts';
import { chartSvg } from '../../bench/html/chart.ts';
import { colourOf, dashOf, hatchingOf, numberText, symbolOf } from '../../bench/html/look.ts';
import { reportPage } from '../../bench/html/page.ts';
import type { Plot } from '../../bench/plot.ts';
import { withoutHistograms } from '../../bench/result-file.ts';
import { sampleReport } from './sample-report.ts';

const page = reportPage(sampleReport(), CASES);

describe('the page', () => {
  test('needs nothing else: no script, no address that is fetched, no link', () => {
    assert.doesNotMatch(page, /<script|<link|<img|@import|(?:src|href)=|url\((?!#)/i);
  });

  test('names machine, kernel, versions, commit and what disturbed', () => {
    for (const part of [
      'A processor',
      'Linux 6.1.0 #1 SMP',
      '0123456789, changed',
      'HAProxy version 2.6.12',
      'It was loud.',
    ])
      assert.ok(page.includes(part), part);
  });

  test('has every bar with its verdict, both sides where they are compared, and what was not measured', () => {
    for (const { bars, notMeasured } of sampleReport().cases) {
      for (const { name } of bars) assert.ok(page.includes(`<td>${name}</td>`), name);
      for (const line of notMeasured) assert.ok(page.includes(`<li>${line}</li>`), line);
    }
    assert.ok(page.includes('<td class="number">3500 MiB</td><td class="number">150 MiB</td>'));
    assert.ok(page.includes('– not measured'));
  });

  test('says of a missed bar by how much, and what is known of it', () => {
    const report = sampleReport();
    const missed = {
      name: 'speed',
      limit: 3,
      unit: 's',
      value: 5,
      verdict: 'missed',
      ifMissed: 'Needed: <time>.',
    } as const;
    const cases = report.cases.map((each) => ({ ...each, bars: [missed] }));
    const [{ name = '' } = {}] = cases;
    const line = `<li>${name}, speed: missed by 2 s. Needed: &lt;time&gt;.</li>`;
    assert.ok(reportPage({ ...report, cases }, CASES).includes(line), line);
  });

  test('escapes text', () => {
    assert.ok(page.includes('&lt;b&gt;') && !page.includes('<b>'));
  });

  test('has a plot with a title for each that the cases give', () => {
    const wanted = sampleReport().cases.flatMap(
      ({ name, figures }) => CASES.find((each) => each.name === name)?.plots?.(figures) ?? [],
    );
    assert.ok(wanted.length >= 6);
    assert.equal(page.split('<svg').length - 1, wanted.length);
    for (const { title } of wanted) assert.ok(page.includes(`<h3>${title}</h3>`), title);
  });

  test('has no number that is none', () => {
    assert.doesNotMatch(page, /NaN|undefined|Infinity/);
  });

  test('names a quick run as what it is', () => {
    assert.doesNotMatch(page, /A quick run/);
    assert.match(reportPage(sampleReport({ options: { quick: true } }), CASES), /A quick run/);
  });

  test('is made of a result without histograms too', () => {
    assert.doesNotMatch(reportPage(withoutHistograms(sampleReport()), CASES), /NaN|cannot be drawn/);
  });

  test('says so where figures are of another version', () => {
    const [connect] = sampleReport().cases;
    assert.ok(connect);
    const other = sampleReport({ cases: [{ ...connect, figures: { other: true } }] });
    assert.match(reportPage(other, CASES), /of another version and cannot be drawn/);
  });
});

describe('a contender', () => {
  test('is told from others without colour: by hatching, dash and symbol', () => {
    for (const variant of [0, 1, 2]) {
      assert.notDeepEqual(dashOf('haproxy', variant), dashOf('metasteer', variant));
      assert.notEqual(symbolOf('haproxy', variant), symbolOf('metasteer', variant));
    }
    assert.notDeepEqual(hatchingOf('haproxy'), hatchingOf('metasteer'));
  });

  test('has colours that the page defines, in light and in dark', () => {
    for (const who of ['haproxy', 'metasteer', 'other'] as const) {
      for (const variant of [0, 1, 2]) {
        const name = colourOf(who, variant).replace(/^var\((.*)\)$/, '$1');
        assert.equal(page.split(`${name}: #`).length - 1, 2, name);
      }
    }
  });
});

describe('a percentile curve', () => {
  const [first] = sampleReport().cases;
  const { pairs } = (first ? first.figures : {}) as ContestFigures;
  const all = pairs.flatMap(({ haproxy }) => haproxy);

  test('goes up, from what most waited to what the slowest did, in milliseconds', () => {
    const curve = curveOf(all);
    assert.deepEqual(curve.at(-1)?.[1], 0.4);
    assert.deepEqual(curve[0]?.[1], 0.1);
    assert.deepEqual(
      curve.map(([, ms]) => ms),
      curve.map(([, ms]) => ms).toSorted((a, b) => a - b),
    );
  });

  test('has four points where the histogram was not kept', () => {
    const thin = all.map(({ latency: _, ...rest }) => rest) as unknown as typeof all;
    const expected = [
      [2, 0.1],
      [10, 0.2],
      [100, 0.3],
      [1000, 0.4],
    ];
    assert.deepEqual(
      curveOf(thin).map(([x, y]) => [Math.round(x), y]),
      expected,
    );
  });

  test('of nothing has no points', () => assert.deepEqual(curveOf([]), []));
});

test('a logarithmic axis leaves out what is not above 0', () => {
  const plot: Plot = {
    kind: 'lines',
    title: 'a line',
    x: { name: 'routers', scale: 'log' },
    y: { name: 'MiB', scale: 'log' },
    series: [
      {
        name: 'metasteer',
        who: 'metasteer',
        points: [
          [0, 5],
          [10, 0],
          [10, 10],
          [100, 20],
        ],
      },
    ],
  };
  const svg = chartSvg(plot);
  assert.doesNotMatch(svg, /NaN|Infinity/);
  const [, line = ''] = /<path d="([^"]*)" fill="none" stroke="var\(--metasteer-0\)"/.exec(svg) ?? [];
  // Two of the points are left.
  assert.match(line, /^M[\d. ]+L[\d. ]+$/);
});

test('numbers are short', () => {
  const texts = [0, 0.0429, 4.24, 60, 9533, 16_812, 2_500_000].map(numberText);
  assert.deepEqual(texts, ['0', '0.0429', '4.24', '60', '9,533', '16.8 k', '2.5 M']);
});
