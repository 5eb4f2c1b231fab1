import type { DensityFigures } from '../../bench/density/bars.ts';
import type { MetasteerPoint } from '../../bench/density/metasteer.ts';
import type { FirstAnswers } from '../../bench/density/plan.ts';
import { summarise } from '../../bench/statistics.ts';

const MIB = 2 ** 20;
const KERNEL = {
  slab: 0,
  slabUnreclaimable: 0,
  percpu: 0,
  kernelStack: 0,
  pageTables: 0,
  vmallocUsed: 5 * MIB,
  total: 5 * MIB,
};

/** What of the point with 1,000 routers is to be different. */
export interface Different {
  readonly startMs?: number;
  readonly idleCpuPercent?: number;
  readonly idleUndisturbed?: boolean;
  readonly bytes?: number;
  readonly median?: number;
  readonly unanswered?: number;
}

/** Figures of a run that meets every bar: haproxies at 3.5 MiB each, a daemon at 70 MiB and 80 KiB per router. */
export function sampleFigures(different: Different = {}): DensityFigures {
  const { median = 30, unanswered = 0, ...rest } = different;
  return {
    plan: { routers: [10, 100, 1000], haproxies: [10, 100], trials: 3, idleSeconds: 5, look: { fromRouters: 500 } },
    incumbent: {
      points: [10, 100].map((haproxies) => ({
        haproxies,
        memory: memory(3.4 * haproxies),
        kernel: KERNEL,
        bytes: 3.5 * MIB * haproxies,
        idleCpuPercent: 0,
        firstAnswers: answers(60),
      })),
      spawnMs: summarise([40, 41, 42]),
      spawnTotalMs: 4100,
      stoppedBecause: null,
    },
    metasteer: [
      point(0, 70, {}),
      point(10, 71, { firstAnswers: answers(20) }),
      point(100, 78, { firstAnswers: answers(25) }),
      point(1000, 150, { firstAnswers: answers(median, unanswered), ...rest }),
    ],
  };
}

function point(routers: number, mebibytes: number, rest: Partial<MetasteerPoint>): MetasteerPoint {
  return {
    routers,
    startMs: 1000 + routers,
    stopMs: 100 + routers,
    stoppedByItself: true,
    processes: 2,
    memory: memory(mebibytes - 5),
    kernel: KERNEL,
    bytes: mebibytes * MIB,
    bpf: { maps: 4, mapBytes: MIB, programs: 0, programBytes: 0, machineCodeBytes: 0 },
    idleCpuPercent: 0.3,
    idleUndisturbed: true,
    ...rest,
  };
}

function memory(mebibytes: number) {
  return { pss: mebibytes * MIB, uss: mebibytes * MIB, rss: 2 * mebibytes * MIB };
}

function answers(middle: number, unanswered = 0): FirstAnswers {
  const milliseconds = [middle - 1, middle, middle + 1];
  return { summary: summarise(milliseconds), milliseconds, unanswered };
}
