import type { EChartsOption, LineSeriesOption } from 'echarts';
import type { Axis, LinePlot, LineSeries } from '../plot.ts';
import { FRAME, legendHeight, legendOf, markLines, reaching, valueAxis } from './axes.ts';
import { colourOf, dashOf, symbolOf } from './look.ts';

/** More points than this are a curve, fewer are measurements that one wants to see. */
const SYMBOLS_MAX = 30;

export function linesOption({ x, y, series, marks = [] }: LinePlot): EChartsOption {
  const shown = [...new Set(series.filter(({ isCalculated }) => isCalculated !== true).map(({ name }) => name))];
  const marksOf = (wanted: 'x' | 'y') => marks.filter(({ axis }) => axis === wanted);
  const heights = series.flatMap(({ points }) => points.map(([, height]) => height));
  // The name of such a mark stands above it, and the axis has its own above that.
  const nameGap = marksOf('x').length > 0 ? 28 : 12;
  return {
    ...FRAME,
    legend: legendOf(shown),
    grid: { left: 4, right: 26, top: legendHeight(shown) + nameGap + 20, bottom: 30, containLabel: true },
    xAxis: valueAxis(x, 'x'),
    yAxis: valueAxis(reaching(y, marksOf('y'), heights), 'y', nameGap),
    series: series.map((each, index) => ({
      ...lineOf(each, x, y),
      ...(index === 0 && marks.length > 0 ? { markLine: markLines(marks) } : {}),
    })),
  };
}

function lineOf({ name, who, variant, points, isCalculated }: LineSeries, x: Axis, y: Axis): LineSeriesOption {
  const color = colourOf(who, variant);
  const drawn = points.filter(([left, height]) => isOn(x, left) && isOn(y, height));
  return {
    type: 'line',
    name,
    data: drawn.map((point) => [...point]),
    symbol: symbolOf(who, variant),
    symbolSize: 8,
    showSymbol: isCalculated !== true && drawn.length <= SYMBOLS_MAX,
    itemStyle: { color },
    lineStyle: { color, width: isCalculated ? 1.5 : 2.5, type: isCalculated ? [2, 4] : dashOf(who, variant) },
    emphasis: { disabled: true },
  };
}

function isOn({ scale }: Axis, value: number): boolean {
  return Number.isFinite(value) && (scale !== 'log' || value > 0);
}
