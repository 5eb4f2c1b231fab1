/** A plot as SVG text, drawn by ECharts without a browser. */
import * as echarts from 'echarts';
import type { Plot } from '../plot.ts';
import { barsOption } from './bars.ts';
import { linesOption } from './lines.ts';

const WIDTH = 540;
const HEIGHT = 360;
/** Of a lying bar with its share of the gaps. */
const ROW = 30;
const AROUND_ROWS = 90;

/** Colours are variables of the page, and the size is the page's matter; text is text. */
export function chartSvg(plot: Plot): string {
  return drawn(plot.kind === 'lines' ? linesOption(plot) : barsOption(plot), WIDTH, heightOf(plot));
}

/** The same of what the library is told itself. @param width of its drawing, in pixels, as the height */
export function drawn(option: echarts.EChartsOption, width: number, height: number): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    chart.setOption(option);
    return plain(chart.renderToSVGString());
  } finally {
    // Else its timers keep the process alive.
    chart.dispose();
  }
}

function heightOf(plot: Plot): number {
  if (plot.kind === 'lines' || !plot.lying) return HEIGHT;
  const beside = plot.series.filter(({ stack }) => stack === undefined).length;
  return AROUND_ROWS + plot.categories.length * (ROW + 22 * Math.max(0, beside - 1));
}

/** Without what is for a mouse, and without a size, a font and a declaration of its own. */
function plain(svg: string): string {
  return svg
    .replace(/<svg width="\d+" height="\d+"/, '<svg')
    .replaceAll(/ (?:ecmeta_\w+|pointer-events|class)="[^"]*"/g, '')
    .replaceAll(/<style[\s\S]*?<\/style>/g, '')
    .replaceAll(/font-family:[^;"]*;?/g, '');
}
