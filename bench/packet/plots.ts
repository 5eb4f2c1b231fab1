import type { PacketFigures } from '../packet.ts';
import type { Plot } from '../plot.ts';
import type { ProgramRun } from './runs.ts';

/** @param missLimitNs most that a packet of others may cost in `ms_match` */
export function packetPlots({ runs, bystanders }: PacketFigures, missLimitNs: number): readonly Plot[] {
  return [
    {
      kind: 'bars',
      title: 'Nanoseconds that one packet costs in each program',
      note: `The bar of ${missLimitNs} ns holds for packets of others, in ms_match. Whiskers are the least and the most; packet and maps are in the cache.`,
      categories: runs.map(({ program, name }) => `ms_${program}: ${name}`),
      lying: true,
      values: { name: 'ns per packet' },
      marks: [{ axis: 'y', at: missLimitNs, name: `${missLimitNs} ns for others’ packets` }],
      series: [
        { name: 'others’ packets', who: 'metasteer', ...only(runs, ({ isMiss }) => isMiss) },
        {
          name: 'packets for metadata, and the shield',
          who: 'metasteer',
          variant: 1,
          ...only(runs, ({ isMiss }) => !isMiss),
        },
      ].map((series) => ({ ...series, who: 'metasteer' as const, stack: 'ns' })),
    },
    {
      kind: 'bars',
      title: 'Others’ TCP throughput through a router interface',
      note: 'An interface with nothing attached, measured in turn, is 1. Bars are medians of the pairs, whiskers the quartiles.',
      categories: bystanders.map(({ mode }) => mode),
      values: { name: 'throughput, nothing attached = 1', min: 0 },
      marks: [{ axis: 'y', at: 0.97, name: 'bar for steered: 0.97' }],
      series: [
        {
          name: 'metasteer',
          who: 'metasteer',
          values: bystanders.map(({ ratio }) => ratio.median),
          spread: bystanders.map(({ ratio }) => [ratio.p25, ratio.p75]),
        },
      ],
    },
  ];
}

function only(runs: readonly ProgramRun[], isChosen: (run: ProgramRun) => boolean) {
  return { values: runs.map((run) => (isChosen(run) ? run.ns.median : undefined)) };
}
