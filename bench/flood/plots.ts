import type { FloodFigures, Troubled } from '../flood.ts';
import type { BarSeries, Plot } from '../plot.ts';

const NAMES = { off: 'metasteer, no shield', generic: 'metasteer, XDP shield' } as const;

export function floodPlots({ rate, troubled }: FloodFigures, p99TimesMax: number): readonly Plot[] {
  const troubles = [...new Set(troubled.map(({ trouble }) => trouble))];
  const categories = troubles.map((trouble) => (trouble === 'none' ? 'nothing' : trouble));
  const asking = `One tenant asks ${rate} times a second, the other does what is named.`;
  const seriesOf = (figure: (each: Troubled) => Pick<Troubled['p99Us'], 'median' | 'min' | 'max'>) =>
    (['off', 'generic'] as const).map((shield, variant): BarSeries => {
      const each = troubles.map((trouble) => troubled.find((row) => row.shield === shield && row.trouble === trouble));
      const summaries = each.map((row) => (row === undefined ? undefined : figure(row)));
      return {
        name: NAMES[shield],
        who: 'metasteer',
        variant,
        values: summaries.map((summary) => summary?.median),
        spread: summaries.map((summary) => summary && [summary.min, summary.max]),
      };
    });
  return [
    {
      kind: 'bars',
      title: 'p99 of one tenant’s requests while another makes trouble',
      note: `${asking} Bars are medians of the rounds, whiskers the least and the most.`,
      categories,
      lying: true,
      values: { name: 'milliseconds' },
      series: seriesOf(({ p99Us }) => ({
        median: p99Us.median / 1000,
        min: p99Us.min / 1000,
        max: p99Us.max / 1000,
      })),
    },
    {
      kind: 'bars',
      title: 'The same p99 over that of the same daemon in quiet',
      note: asking,
      categories,
      lying: true,
      values: { name: 'p99, nothing else going on = 1' },
      marks: [{ axis: 'y', at: p99TimesMax, name: `bar without shield: ${p99TimesMax}` }],
      series: seriesOf(({ p99Ratio }) => p99Ratio),
    },
  ];
}
