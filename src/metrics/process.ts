import { type Family, single } from './family.ts';

/** What a process knows of itself. */
export interface ProcessFigures {
  readonly startedAtSeconds: number;
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

/** How a program's metrics speak of it. */
export interface ProgramWords {
  /** What names of its metrics begin with. */
  readonly prefix: string;
  /** As in `when … started`. */
  readonly program: string;
  /** The process that is asked, as in `memory of …`. */
  readonly process: string;
  readonly version: string;
}

export function ownFigures(): ProcessFigures {
  const { user, system } = process.cpuUsage();
  return {
    startedAtSeconds: Math.round(performance.timeOrigin / 1000),
    cpuSeconds: (user + system) / 1e6,
    residentBytes: process.memoryUsage.rss(),
  };
}

/** What every program of ours tells first: its version, its start, and what it costs. */
export function processFamilies(words: ProgramWords, own: ProcessFigures): readonly Family[] {
  const { prefix, program, process: who, version } = words;
  return [
    {
      name: `${prefix}_build_info`,
      help: `The version of ${program} and of Node, as labels; the value is 1.`,
      type: 'gauge',
      samples: [{ labels: { version, node_version: process.version }, value: 1 }],
    },
    single('gauge', `${prefix}_start_time_seconds`, `When ${program} started, since 1970.`, own.startedAtSeconds),
    single('counter', `${prefix}_cpu_seconds_total`, `Processor time of ${who}.`, own.cpuSeconds),
    single('gauge', `${prefix}_resident_memory_bytes`, `Memory of ${who}.`, own.residentBytes),
  ];
}
