import type { Plot } from '../plot.ts';
import type { SoakFigures } from '../soak.ts';
import type { Sample } from './sample.ts';

const MIB = 2 ** 20;

/** Memory and descriptors over time; what is before the mark is not judged. */
export function soakPlots({ warmUp, samples }: SoakFigures): readonly Plot[] {
  const over = (figure: (sample: Sample) => number) =>
    samples.map((sample) => [sample.seconds / 60, figure(sample)] as const);
  const marks = [{ axis: 'x' as const, at: warmUp / 60, name: 'judged from here' }];
  const x = { name: 'minutes' };
  return [
    {
      kind: 'lines',
      title: 'Memory over time, under load and with routers that come and go',
      note: 'PSS. Kernel memory is of the whole machine and not drawn.',
      x,
      y: { name: 'MiB' },
      marks,
      series: [
        { name: 'supervisor', who: 'metasteer', points: over(({ supervisor }) => supervisor.pss / MIB) },
        { name: 'workers', who: 'metasteer', variant: 1, points: over(({ workers }) => workers.pss / MIB) },
      ],
    },
    {
      kind: 'lines',
      title: 'Descriptors and BPF maps over time, under load and with routers that come and go',
      x,
      y: { name: 'how many' },
      marks,
      series: [
        {
          name: 'descriptors of supervisor and workers',
          who: 'metasteer',
          points: over(({ supervisor, workers }) => supervisor.descriptors + workers.descriptors),
        },
        { name: 'BPF maps', who: 'metasteer', variant: 1, points: over(({ maps }) => maps) },
      ],
    },
  ];
}
