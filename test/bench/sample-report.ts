import { judge } from '../../bench/case.ts';
import { connectBars } from '../../bench/connect.ts';
import { compare, type Pair } from '../../bench/contest/figures.ts';
import type { LoadRun } from '../../bench/contest/run.ts';
import { densityBars } from '../../bench/density/bars.ts';
import type { Report } from '../../bench/report.ts';
import { sampleFigures } from './sample-figures.ts';

/** A run with one figure of everything. */
export function sampleReport(different: Partial<Report> = {}): Report {
  const pairs: Pair[] = [{ haproxy: runs(1000), metasteer: runs(1250) }];
  const contest = { pairs, compared: compare(pairs) };
  const figures = sampleFigures();
  return {
    format: 1,
    started: '2026-01-01T00:00:00.000Z',
    finished: '2026-01-01T00:01:00.000Z',
    options: { quick: false },
    machine: {
      cpu: 'A processor',
      cores: 2,
      memoryBytes: 2 ** 33,
      kernel: '6.1.0 #1 SMP',
      architecture: 'x64',
      node: 'v20.18.1',
      haproxy: 'HAProxy version 2.6.12-1 2026/01/01 - https://haproxy.org/',
      metasteer: '0.1.0',
      commit: { id: '0123456789abcdef', changed: true },
    },
    surroundings: { load: [0, 0, 0], otherNodes: 0, otherHaproxies: 0 },
    disturbances: ['It was loud.'],
    cases: [
      {
        name: 'connect',
        figures: contest,
        summary: ['a line'],
        bars: connectBars(contest),
        notMeasured: ['the weather'],
      },
      { name: 'density', figures, summary: ['<b>'], bars: densityBars(figures), notMeasured: ['the sea'] },
      {
        name: 'unknown',
        figures: {},
        summary: [],
        bars: [judge({ name: 'a bar that was not measured', limit: 1, unit: 'ms' }, undefined)],
        notMeasured: [],
      },
    ],
    ...different,
  };
}

function runs(perSecond: number): readonly LoadRun[] {
  return ['as fast as 32 clients can', 'at 60 % of what haproxy can'].map((load) => ({
    load,
    started: 1000,
    ok: 1000,
    perSecond,
    failures: {},
    p50Us: 100,
    p90Us: 200,
    p99Us: 300,
    p999Us: 400,
    latency: [
      [100, 900],
      [300, 95],
      [400, 5],
    ],
    proxyCpu: { user: 10, system: 30, total: 40 },
    machineCpu: { user: 20, system: 60, softirq: 20, total: 1e6 / perSecond },
    memory: 2 ** 20,
  }));
}
