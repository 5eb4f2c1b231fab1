import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { withFigures } from '../../bench/readme-figures.ts';
import { parseReport, withoutHistograms } from '../../bench/result-file.ts';
import { sampleReport } from './sample-report.ts';

const README = `# A title

<!-- figures: written by \`npm run figures\`, not by hand -->
old
<!-- end of figures -->
rest
`;

describe('README’s figures', () => {
  const fresh = withFigures(README, sampleReport(), 'docs/results/a.json');
  const rows = fresh.split('\n').filter((line) => line.startsWith('| '));

  test('stand between their marks, and nothing else changes', () => {
    assert.ok(fresh.startsWith('# A title\n\n<!-- figures') && fresh.endsWith('<!-- end of figures -->\nrest\n'));
    assert.ok(!fresh.includes('old'));
    assert.equal(withFigures(fresh, sampleReport(), 'docs/results/a.json'), fresh);
  });

  test('name the run, its machine and its disturbances', () => {
    assert.match(
      fresh,
      /2026-01-01, A processor, 2 cores, Linux 6\.1\.0, haproxy 2\.6\.12-1; .*docs\/results\/a\.json/,
    );
    assert.match(fresh, /It was loud\./);
  });

  test('have both sides and the ratio of the pairs, and only bars with a headline', () => {
    assert.ok(
      rows.includes('| requests per second, one connection each | 1000 /s | 1250 /s | 1.25 | at least 1.15 | met |'),
    );
    assert.ok(rows.includes('| memory at 1,000 routers | 3500 MiB | 150 MiB | 0.0429 | at most 0.05 | met |'));
    assert.ok(rows.includes('| interface up to first answer, median | 60 ms | 30 ms | 0.5 | at most 100 ms | met |'));
    assert.ok(rows.includes('| start with 1,000 routers |  | 2 s |  | at most 20 s | met |'));
    assert.ok(!fresh.includes('softirq'));
  });

  test('of a quick run say that they are', () => {
    assert.doesNotMatch(fresh, /quick/);
    assert.match(withFigures(README, sampleReport({ options: { quick: true } }), 'a'), /\*\*quick run/);
  });

  test('need their marks', () => assert.throws(() => withFigures('# A title\n', sampleReport(), 'a'), /has no lines/));
});

describe('a result file', () => {
  test('is read as it was written', () => {
    const report = sampleReport();
    assert.deepEqual(parseReport(JSON.stringify(report), 'a.json'), JSON.parse(JSON.stringify(report)));
  });

  test('is kept without its histograms and with everything else', () => {
    const kept = withoutHistograms(sampleReport());
    assert.doesNotMatch(JSON.stringify(kept), /"latency"/);
    assert.equal(kept.cases.length, 3);
    assert.match(JSON.stringify(kept), /"p99Us":300/);
  });

  const wrong: readonly [text: string, says: RegExp][] = [
    ['{', /a\.json is not JSON/],
    ['[]', /a\.json is no result of this harness/],
    [JSON.stringify({ ...sampleReport(), format: 2 }), /format/],
    [JSON.stringify({ ...sampleReport(), cases: [{ name: 'connect' }] }), /cases\.0\.figures/],
  ];
  for (const [text, says] of wrong)
    test(`that is ${text.slice(0, 20)} is refused with ${says.source}`, () =>
      assert.throws(() => parseReport(text, 'a.json'), says));
});
