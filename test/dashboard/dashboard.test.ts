/**
 * Needs Debian's Prometheus; with Chromium too it leaves a picture in bench/out/. Every question of the dashboard is asked of
 * programs that run, and gets an answer.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { packageRoot } from '../../src/kernel/paths.ts';
import { photograph, readPng, unlessChromium } from '../kit/chromium.ts';
import { isRoot } from '../kit/node.ts';
import { unlessThere } from '../kit/peers.ts';
import { readDashboard, type Target } from './model.ts';
import { dashboardPage, heightOf, WIDTH } from './page.ts';
import { Prometheus, type Range, SCRAPE_SECONDS, type Series } from './prometheus.ts';
import { questionsOf } from './questions.ts';
import { openSite, type Site } from './site.ts';

const LIVE_SECONDS = 25;
const RATE_SECONDS = 4 * SCRAPE_SECONDS;

const dashboard = readDashboard();

test('a variable without a value is an error', () => {
  const { templating } = dashboard;
  const panel = { id: 1, title: '', type: 'stat', gridPos: { x: 0, y: 0, w: 1, h: 1 } } as const;
  const panels = [{ ...panel, targets: [{ refId: 'A', expr: 'up{x="$nobody"}', legendFormat: '' }] }];
  assert.throws(() => questionsOf({ title: '', panels, templating }, 4), /\$nobody has no value/);
});

describe('the dashboard', { skip: unlessThere('prometheus') }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'metasteer-dashboard-'));
  const out = join(packageRoot, 'bench/out');
  const answers = new Map<Target, readonly Series[]>();
  let site: Site;
  let prometheus: Prometheus;
  let range: Range;

  before(async () => {
    site = await openSite();
    prometheus = await Prometheus.start(folder, site.jobs);
    const began = Date.now() / 1000;
    await site.live(LIVE_SECONDS);
    // Before that there are no rates.
    range = { from: began + RATE_SECONDS, to: Date.now() / 1000 };
  });
  after(async () => {
    await prometheus?.stop();
    await site?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  test('is of programs that answer', async () => {
    assert.deepEqual(await prometheus.down(), []);
  });

  for (const { panel, target, query } of questionsOf(dashboard, RATE_SECONDS)) {
    test(`has an answer for ${panel.title}: ${target.legendFormat || target.refId}`, async () => {
      const series = await prometheus.ask(query, range);
      answers.set(target, series);
      const values = series.flatMap(({ points }) => points.map(([, value]) => value));
      assert.ok(values.length > 0, `there is no series of ${query}`);
      // What is sampled stands still, so its quantiles are those of nothing.
      if (isRoot) assert.ok(values.some(Number.isFinite), `there are no numbers of ${query}`);
    });
  }

  test('can be drawn, with a unit for every panel', () => {
    const page = dashboardPage(dashboard, answers, site.about, range);
    assert.doesNotMatch(page, /No data|<script|<link| src=| href=|url\((?!#)|@import/);
    mkdirSync(out, { recursive: true });
    writeFileSync(join(out, 'dashboard.html'), page);
  });

  test('makes a picture', { skip: unlessChromium }, async () => {
    const size = { width: WIDTH, height: heightOf(dashboard) };
    const picture = join(out, 'dashboard.png');
    await photograph({ page: join(out, 'dashboard.html'), picture, home: folder, ...size, look: 'light' });
    const { width, height, bytes } = readPng(readFileSync(picture));
    assert.deepEqual({ width, height }, size);
    assert.ok(bytes > 50_000, `${bytes}`);
  });
});
