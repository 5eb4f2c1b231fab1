import { type Bar, judge } from '../case.ts';
import { AXES, type Axis, type RampFigures } from './plan.ts';

/** Above what two measurements of the same differ by on a calm machine. */
const GROWTH_MAX = 1.3;

/** What a request costs metasteer at the far end, against the near one. */
export function rampBars({ points }: RampFigures): readonly Bar[] {
  return (['ports', 'idle'] as const).map((axis) => {
    const ours = points.filter((point) => point.axis === axis && point.contender === 'metasteer');
    const [first, last] = [ours[0], ours.at(-1)];
    const grows = first !== undefined && last !== undefined && last.amount > first.amount;
    return judge(
      {
        name: `CPU of metasteer per request with ${grows ? nameOf(axis, last.amount) : `more ${AXES[axis]}`}, with ${nameOf(axis, first?.amount ?? 0)} = 1`,
        limit: GROWTH_MAX,
        unit: '',
      },
      grows ? last.run.proxyCpu.total / first.run.proxyCpu.total : undefined,
    );
  });
}

function nameOf(axis: Axis, amount: number): string {
  return `${amount.toLocaleString('en')} ${amount === 1 ? AXES[axis].replace(/s$/, '') : AXES[axis]}`;
}
