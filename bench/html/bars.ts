import type { BarSeriesOption, CustomSeriesOption, EChartsOption } from 'echarts';
import type { BarPlot, BarSeries } from '../plot.ts';
import { categoryAxis, FRAME, legendHeight, legendOf, markLines, reaching, valueAxis } from './axes.ts';
import { colourOf, FONT_PX, hatchingOf, INK, numberText } from './look.ts';

const GAP = '12%';
const CATEGORY_GAP = '38%';

export function barsOption(plot: BarPlot): EChartsOption {
  const { categories, values, series, marks = [], lying } = plot;
  const heights = series.flatMap((each) => each.values.map((height) => height ?? 0));
  const value = valueAxis(reaching(values, marks, heights), lying ? 'x' : 'y', 24);
  const category = categoryAxis(categories, lying ? 'y' : 'x');
  const bars = series.map((each, index) => ({
    ...barOf(plot, each),
    ...(index === 0 && marks.length > 0 ? { markLine: markLines(marks, lying) } : {}),
  }));
  return {
    ...FRAME,
    legend: { ...legendOf(series.map(({ name }) => name)), show: series.length > 1 },
    grid: { left: 8, right: lying ? 60 : 10, top: topOf(plot), bottom: lying ? 30 : 4, containLabel: true },
    xAxis: lying ? value : category,
    yAxis: lying ? category : value,
    series: [...bars, ...whiskers(plot)],
  };
}

/** Room for the legend, and for the name of the axis where it stands above. */
function topOf({ lying, series, marks = [] }: BarPlot): number {
  const legend = series.length > 1 ? legendHeight(series.map(({ name }) => name)) : 0;
  return legend + (lying ? (marks.length > 0 ? 24 : 6) : 50);
}

function barOf({ lying }: BarPlot, { name, who, variant, stack, values, spread }: BarSeries): BarSeriesOption {
  return {
    type: 'bar',
    name,
    ...(stack === undefined ? {} : { stack }),
    data: values.map((value) => value ?? '-'),
    ...widths(lying),
    itemStyle: { color: colourOf(who, variant), ...hatchingOf(who) },
    emphasis: { disabled: true },
    label: {
      show: stack === undefined && spread === undefined,
      position: lying ? 'right' : 'top',
      distance: 4,
      color: INK,
      fontSize: FONT_PX - 1,
      formatter: ({ value }) => (typeof value === 'number' ? numberText(value) : ''),
    },
  };
}

/** From the smallest to the largest of the measurements, over the middle of each bar, and the value beyond the end. */
function whiskers({ series, lying }: BarPlot): CustomSeriesOption[] {
  const beside = series.filter(({ stack }) => stack === undefined).length;
  return series.flatMap(({ spread = [], values }, index): CustomSeriesOption[] => {
    const data = spread.flatMap((each, category) =>
      each === undefined ? [] : [[category, ...each, values[category] ?? each[1]]],
    );
    if (data.length === 0) return [];
    return [
      {
        type: 'custom',
        data,
        silent: true,
        z: 5,
        encode: lying ? { x: [1, 2], y: 0 } : { x: 0, y: [1, 2] },
        renderItem: (_, api) => {
          const layout = api.barLayout?.({ ...widths(lying), count: beside });
          const offset = Number(layout?.[index]?.['offsetCenter'] ?? 0);
          const end = (n: number): readonly number[] =>
            lying ? api.coord([api.value(n), api.value(0)]) : api.coord([api.value(0), api.value(n)]);
          const [[x1 = 0, y1 = 0], [x2 = 0, y2 = 0]] = [end(1), end(2)];
          const [across, down] = lying ? [0, offset] : [offset, 0];
          const shape = { x1: x1 + across, y1: y1 + down, x2: x2 + across, y2: y2 + down };
          const text = { text: numberText(Number(api.value(3))), fill: INK, fontSize: FONT_PX - 1 };
          const place = lying
            ? { x: shape.x2 + 6, y: shape.y2, verticalAlign: 'middle' as const }
            : { x: shape.x2, y: shape.y2 - 5, align: 'center' as const, verticalAlign: 'bottom' as const };
          return {
            type: 'group',
            children: [
              { type: 'line', shape, style: { stroke: INK, lineWidth: 1.5 } },
              { type: 'text', style: { ...text, ...place } },
            ],
          };
        },
      },
    ];
  });
}

/** The same for bars and for what is drawn over their middle. */
function widths(lying: true | undefined) {
  return { barGap: GAP, barCategoryGap: CATEGORY_GAP, barMaxWidth: lying ? 22 : 70 };
}
