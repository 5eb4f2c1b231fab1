/** The panels of the dashboard in their places, with what Prometheus answered: one page that needs nothing else. */
import type { EChartsOption } from 'echarts';
import { FRAME, valueAxis } from '../../bench/html/axes.ts';
import { drawn } from '../../bench/html/chart.ts';
import { FAINT, FONT_PX } from '../../bench/html/look.ts';
import { STYLE } from '../../bench/html/style.ts';
import type { Dashboard, Panel, Target } from './model.ts';
import type { Range, Series } from './prometheus.ts';
import { valueText } from './units.ts';

export const WIDTH = 1600;
const COLUMNS = 24;
const GAP_PX = 8;
const ROW_PX = 38;
const TITLE_PX = 34;
const LEGEND_PX = 26;
/** Grafana's classic palette, in its order. */
const COLOURS = '#56a64b #e0b400 #3274d9 #e02f44 #ff780a #8f3bb8 #1f9ba8 #a16f00 #7d64d6 #a352cc'.split(' ');

const PAGE_STYLE = `
main { max-width: none; width: ${WIDTH}px; padding: 16px; }
h1 { font-size: 22px; }
.grid { display: grid; grid-template-columns: repeat(${COLUMNS}, 1fr); grid-auto-rows: ${ROW_PX - GAP_PX}px; gap: ${GAP_PX}px; margin-top: 12px; }
.panel { background: var(--card); border: 1px solid var(--grid); border-radius: 4px; padding: 6px 10px; overflow: hidden; }
.panel h3, h2.row { font-size: 14px; margin: 0; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
h2.row { align-self: end; font-size: 16px; }
.stat small { font-size: 18px; color: var(--ink); }
.stat { font-size: 34px; text-align: center; color: #56a64b; margin-top: 12px; white-space: nowrap; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 0 14px; margin: 0; padding: 0; font-size: 12px; max-height: ${LEGEND_PX}px; }
.legend b { display: inline-block; width: 14px; height: 4px; vertical-align: middle; margin-right: 5px; border-radius: 2px; }
.none { color: var(--missed); }
`;

/** What a panel's questions were answered with. */
export type Answers = ReadonlyMap<Target, readonly Series[]>;

export function dashboardPage(dashboard: Dashboard, answers: Answers, about: string, range: Range): string {
  const cells = dashboard.panels.map((panel) => cell(panel, answers, range));
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${escaped(dashboard.title)}</title><style>${STYLE}${PAGE_STYLE}</style></head>
<body><main>
<h1>${escaped(dashboard.title)}</h1>
<p class="about">${escaped(about)} Drawn from the dashboard’s own questions, not by Grafana.</p>
<div class="grid">
${cells.join('\n')}
</div>
</main></body>
</html>
`;
}

/** Pixels that a page of this dashboard is high. */
export function heightOf({ panels }: Dashboard): number {
  const rows = Math.max(...panels.map(({ gridPos: { y, h } }) => y + h));
  return rows * ROW_PX + 140;
}

function cell(panel: Panel, answers: Answers, range: Range): string {
  const { x, y, w, h } = panel.gridPos;
  const place = `grid-column: ${x + 1} / span ${w}; grid-row: ${y + 1} / span ${h}`;
  const title = escaped(panel.title);
  if (panel.type === 'row') return `<h2 class="row" style="${place}">${title}</h2>`;
  const lines = linesOf(panel, answers);
  const inside =
    lines.length === 0
      ? '<p class="none">No data</p>'
      : panel.type === 'stat'
        ? stat(panel, lines)
        : chart(panel, lines, range);
  return `<section class="panel" style="${place}" title="${escaped(panel.description ?? '')}"><h3>${title}</h3>${inside}</section>`;
}

interface Line extends Series {
  readonly name: string;
  readonly colour: string;
}

/** Named by their legends, in the order in which they came. */
function linesOf({ targets = [] }: Panel, answers: Answers): readonly Line[] {
  const all = targets.flatMap((target) => (answers.get(target) ?? []).map((series) => ({ target, series })));
  return all.map(({ target, series }, index) => ({
    ...series,
    name: target.legendFormat.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (_, label: string) => series.labels[label] ?? ''),
    colour: COLOURS[index % COLOURS.length] ?? '',
  }));
}

/** The last value that is one, as `lastNotNull` says; of several, with their names. */
function stat(panel: Panel, lines: readonly Line[]): string {
  const shown = lines.map(({ name, points }) => {
    const last = points.findLast(([, value]) => Number.isFinite(value))?.[1] ?? Number.NaN;
    const label = panel.options?.textMode === 'value_and_name' ? `<small>${escaped(name)}</small> ` : '';
    return `<span>${label}${valueText(last, unitOf(panel))}</span>`;
  });
  return `<div class="stat">${shown.join(' ')}</div>`;
}

function chart(panel: Panel, lines: readonly Line[], range: Range): string {
  const { w, h } = panel.gridPos;
  const width = Math.round((w * WIDTH) / COLUMNS) - GAP_PX - 24;
  const height = h * ROW_PX - GAP_PX - TITLE_PX - LEGEND_PX - 8;
  const legend = lines.map(({ name, colour }) => `<li><b style="background:${colour}"></b>${escaped(name)}</li>`);
  return `${drawn(chartOption(panel, lines, range), width, height)}<ul class="legend">${legend.join('')}</ul>`;
}

function chartOption(panel: Panel, lines: readonly Line[], { from, to }: Range): EChartsOption {
  const unit = unitOf(panel);
  const custom = panel.fieldConfig?.defaults.custom;
  const isStacked = custom?.stacking.mode === 'normal';
  const highest = Math.max(
    ...lines.flatMap(({ points }) => points.map(([, value]) => value)).filter(Number.isFinite),
    0,
  );
  const axis = {
    ...valueAxis({ name: '', tick: (value) => valueText(value, unit) }, 'y'),
    min: 0,
    ...(unit === 'bytes' ? binary(highest) : {}),
  };
  return {
    ...FRAME,
    grid: { left: 4, right: 14, top: 8, bottom: 4, containLabel: true },
    xAxis: {
      type: 'time',
      min: from * 1000,
      max: to * 1000,
      axisLabel: { color: FAINT, fontSize: FONT_PX - 2, formatter: clock, hideOverlap: true },
    },
    yAxis: axis,
    series: lines.map(({ name, colour, points }) => ({
      type: 'line',
      name,
      data: points.map(([at, value]) => [at * 1000, Number.isFinite(value) ? value : null]),
      showSymbol: false,
      lineStyle: { color: colour, width: 1.5 },
      itemStyle: { color: colour },
      ...(isStacked ? { stack: 'all', areaStyle: { color: colour, opacity: 0.2 } } : {}),
    })),
  };
}

/** Round numbers of bytes are powers of two. */
function binary(highest: number) {
  const interval = 2 ** Math.ceil(Math.log2(Math.max(1, highest) / 4));
  return { interval, max: Math.ceil(highest / interval) * interval };
}

function clock(at: number): string {
  return new Date(at).toISOString().slice(11, 19);
}

function unitOf({ title, fieldConfig }: Panel): string {
  if (fieldConfig === undefined) throw new Error(`the panel ${title} has no unit`);
  return fieldConfig.defaults.unit;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
