/** What both kinds of plots have: axes, marks, and the frame round them. */
import type { Axis, Mark } from '../plot.ts';
import { FAINT, FONT_PX, GRID, INK, LIMIT, numberText } from './look.ts';

export const FRAME = {
  animation: false,
  backgroundColor: 'transparent',
  textStyle: { color: INK, fontSize: FONT_PX },
} as const;

/** Of a plot 540 wide, in pixels; rather too much for a letter than too little. */
const ROW_PX = 500;
const ITEM_PX = 62;
const LETTER_PX = 6;

/** A row of names above the plot. */
export function legendOf(names: readonly string[]) {
  return {
    data: names.map((name) => ({ name })),
    top: 0,
    left: 0,
    itemWidth: 30,
    itemHeight: 11,
    itemGap: 18,
    // With these the library's own colours come through where bars are hatched.
    itemStyle: { borderWidth: 0 },
    textStyle: { color: INK, fontSize: FONT_PX },
  };
}

/** Pixels that a legend takes above the plot. */
export function legendHeight(names: readonly string[]): number {
  const width = names.reduce((sum, name) => sum + ITEM_PX + name.length * LETTER_PX, 0);
  return Math.ceil(width / ROW_PX) * 30 - 4;
}

/** The same axis, so long that marks are seen also where all values are below. */
export function reaching(axis: Axis, marks: readonly Mark[], values: readonly number[]): Axis {
  const mark = Math.max(...marks.map(({ at }) => at));
  return axis.scale === 'log' || axis.max !== undefined || mark < Math.max(...values) || marks.length === 0
    ? axis
    : { ...axis, max: mark * 1.2 };
}

/** The axis of values along one side. @param nameGap pixels between a standing axis and its name */
export function valueAxis({ name, scale, min, max, tick = numberText }: Axis, side: 'x' | 'y', nameGap = 12) {
  return {
    type: scale === 'log' ? ('log' as const) : ('value' as const),
    ...nameOf(name, side, nameGap),
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    axisLine: { show: side === 'x', lineStyle: { color: FAINT } },
    axisTick: { show: false },
    axisLabel: { color: FAINT, fontSize: FONT_PX - 1, formatter: (value: number) => tick(value), hideOverlap: true },
    splitLine: { lineStyle: { color: GRID, type: 'solid' as const } },
  };
}

/** The axis of categories along one side. */
export function categoryAxis(categories: readonly string[], side: 'x' | 'y') {
  return {
    type: 'category' as const,
    data: [...categories],
    // The first one on top, as one reads.
    inverse: side === 'y',
    axisLine: { lineStyle: { color: FAINT } },
    axisTick: { show: false },
    axisLabel: {
      color: INK,
      fontSize: FONT_PX - 1,
      interval: 0,
      lineHeight: 15,
      ...(side === 'x' ? { width: 110, overflow: 'break' as const } : {}),
    },
  };
}

/** The name of a vertical axis stands above it, where it is read without turning the head. */
function nameOf(name: string, side: 'x' | 'y', nameGap: number) {
  const nameTextStyle = { color: FAINT, fontSize: FONT_PX };
  if (side === 'x') return { name, nameLocation: 'middle' as const, nameGap: 28, nameTextStyle };
  return {
    name,
    nameLocation: 'end' as const,
    nameGap,
    nameTextStyle: { ...nameTextStyle, align: 'left' as const },
  };
}

/** Lines across the plot with their names at them. @param lying bars, whose values go to the right */
export function markLines(marks: readonly Mark[], lying?: true) {
  const sideOf = (axis: Mark['axis']) => (lying ? 'x' : axis);
  return {
    silent: true,
    symbol: 'none',
    animation: false,
    lineStyle: { color: LIMIT, width: 1.5, type: 'dashed' as const },
    data: marks.map(({ axis, at, name }) => ({
      ...(sideOf(axis) === 'x' ? { xAxis: at } : { yAxis: at }),
      name,
      label: {
        formatter: name,
        color: LIMIT,
        fontSize: FONT_PX - 1,
        position: sideOf(axis) === 'x' ? (lying ? ('start' as const) : ('end' as const)) : ('insideEndTop' as const),
      },
    })),
  };
}
