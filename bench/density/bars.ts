import { type Bar, judge, type Sides } from '../case.ts';
import { breakEven, type Estimate, estimateAt, lessCertain, type Origin, type Point } from './curve.ts';
import type { IncumbentFigures } from './incumbent.ts';
import type { MetasteerPoint } from './metasteer.ts';
import type { Plan } from './plan.ts';

export interface DensityFigures {
  readonly plan: Plan;
  readonly incumbent: IncumbentFigures;
  readonly metasteer: readonly MetasteerPoint[];
}

/** Sizes that the bars name. */
const MIB = 2 ** 20;
const MANY = 1000;
const READY_AT = 500;
const BREAK_EVEN_MOST = 100_000;

/** Memory of the haproxies at any number; without any there is nothing. */
export function incumbentCurve({ points }: IncumbentFigures): readonly Point[] {
  return [{ routers: 0, bytes: 0 }, ...points.map(({ haproxies, bytes }) => ({ routers: haproxies, bytes }))];
}

/** What the claims come to. A bar about 1,000 routers needs a run with as many. */
export function densityBars({ incumbent, metasteer }: DensityFigures): readonly Bar[] {
  const theirs = incumbentCurve(incumbent);
  const even = theirs.length < 2 ? undefined : breakEven(metasteer, theirs, BREAK_EVEN_MOST);
  const many = metasteer.find(({ routers }) => routers === MANY);
  const ready = metasteer.find(({ routers }) => routers >= READY_AT);
  const others = theirs.length < 2 ? undefined : estimateAt(theirs, MANY);
  return [
    judge(
      {
        name: 'routers at which metasteer needs no more memory',
        limit: 30,
        unit: 'routers',
        headline: 'memory is no more than haproxy’s from',
        ...noteOf(even?.origin),
      },
      even?.routers,
    ),
    judge(
      {
        name: `memory at ${MANY} routers, haproxies = 1`,
        limit: 0.05,
        unit: '',
        headline: 'memory at 1,000 routers',
        ...(many && others && { sides: { haproxy: others.bytes / MIB, metasteer: many.bytes / MIB, unit: 'MiB' } }),
        ...noteOf(originAt(others, many)),
      },
      many && others && many.bytes / others.bytes,
    ),
    judge(
      {
        name: `interface up to first answer at ${READY_AT} routers or more, median`,
        limit: 100,
        unit: 'ms',
        headline: 'interface up to first answer, median',
        ...readySides(incumbent, ready),
        ...(ready === undefined ? {} : { note: `at ${ready.routers}` }),
      },
      ready?.firstAnswers?.unanswered === 0 ? ready.firstAnswers.summary?.median : undefined,
    ),
    judge(
      {
        name: `CPU when idle at ${MANY} routers, of one core`,
        limit: 1,
        unit: '%',
        headline: 'processor when idle at 1,000 routers, of one core',
        ...(many?.idleUndisturbed === false ? { note: 'others made or removed namespaces' } : {}),
      },
      many?.idleCpuPercent,
    ),
    judge(
      { name: `start with ${MANY} routers`, limit: 20, unit: 's', headline: 'start with 1,000 routers' },
      many === undefined ? undefined : many.startMs / 1000,
    ),
  ];
}

/** The haproxies' beside the most routers that have one. */
function readySides({ points }: IncumbentFigures, ready: MetasteerPoint | undefined): { readonly sides?: Sides } {
  const metasteer = ready?.firstAnswers?.summary?.median;
  const haproxy = points.at(-1)?.firstAnswers.summary?.median;
  if (metasteer === undefined) return {};
  return { sides: { ...(haproxy === undefined ? {} : { haproxy }), metasteer, unit: 'ms' } };
}

function originAt(others: Estimate | undefined, many: MetasteerPoint | undefined): Origin | undefined {
  return many && others && lessCertain('measured', others.origin);
}

/** What is measured needs no note. */
function noteOf(origin: Origin | undefined): { readonly note?: string } {
  return origin === undefined || origin === 'measured' ? {} : { note: origin };
}
