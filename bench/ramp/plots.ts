import type { LineSeries, Plot } from '../plot.ts';
import { AXES, type Axis, type RampFigures } from './plan.ts';

/** What a request costs, of the proxy and in time, against what grows. */
export function rampPlots({ plan, points }: RampFigures): readonly Plot[] {
  return (['ports', 'idle'] as const).flatMap((axis): readonly Plot[] => {
    const note = `One tenant asks ${plan.rate} times a second all the time. haproxies, or supervisor and workers.`;
    const x = { name: AXES[axis], scale: 'log' as const };
    return [
      {
        kind: 'lines',
        title: `Processor time of the proxy per request against ${AXES[axis]}`,
        note: axis === 'idle' ? `${note} No connections stand at 1.` : note,
        x,
        y: { name: 'µs per request' },
        series: seriesOf(points, axis, ({ proxyCpu }) => proxyCpu.total),
      },
      {
        kind: 'lines',
        title: `p99 of the requests against ${AXES[axis]}`,
        note: axis === 'idle' ? `${note} No connections stand at 1.` : note,
        x,
        y: { name: 'milliseconds', scale: 'log' },
        series: seriesOf(points, axis, ({ p99Us }) => p99Us / 1000),
      },
    ];
  });
}

function seriesOf(
  points: RampFigures['points'],
  axis: Axis,
  figure: (run: RampFigures['points'][number]['run']) => number,
): readonly LineSeries[] {
  return (['haproxy', 'metasteer'] as const).map((who) => ({
    name: who,
    who,
    points: points
      .filter((point) => point.axis === axis && point.contender === who)
      .map(({ amount, run }) => [Math.max(1, amount), figure(run)] as const),
  }));
}
