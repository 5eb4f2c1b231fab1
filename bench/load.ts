import { runCommand } from '../src/demo/command.ts';
import { Histogram } from './histogram.ts';
import { compileAsking } from './load/compile.ts';
import { METADATA_ADDRESS, type Tenant } from './tenant.ts';

/** What an instance asks for, and how. */
export interface LoadPlan {
  readonly path?: string;
  /** Requests per second at fixed times; without it, each client asks again as soon as it has its answer. */
  readonly rate?: number;
  /** Connections at once; with a rate, at most so many. */
  readonly clients?: number;
  readonly seconds: number;
  /** Seconds until a request counts as failed; 10 as in cloud-init when absent. */
  readonly timeout?: number;
  /** Many requests on a connection; else the client closes after each, as cloud-init does. */
  readonly keepAlive?: boolean;
}

export interface LoadResult {
  readonly started: number;
  /** Answered with 200, completely. */
  readonly ok: number;
  /** Until the last answer. */
  readonly seconds: number;
  /** User and system time of the load generator itself. */
  readonly cpuUs: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly failures: Readonly<Record<string, number>>;
  /** Of every answer, with a rate from the time at which its request was to begin. */
  readonly latency: Histogram;
}

const SOURCES = ['load.c', 'options.c'] as const;
const GRACE_MS = 60_000;

/** Where requests go to, and the addresses in a row that they come from. */
export interface LoadRoute {
  readonly to: string;
  readonly port?: number;
  readonly from: string;
  readonly sources?: number;
}

/** The program in bench/load, which asks for metadata as fast as it is told and says what came of it. */
export class LoadGenerator {
  readonly #program: string;

  private constructor(program: string) {
    this.#program = program;
  }

  /** Compiles it into a folder. @throws {CommandError} with what the compiler said */
  static async compile(folder: string): Promise<LoadGenerator> {
    return new LoadGenerator(await compileAsking(folder, 'load', SOURCES));
  }

  /** Has the instance of a tenant ask, from each of its addresses in turn. @throws {CommandError} */
  run({ instance, addresses: [from], addresses }: Tenant, plan: LoadPlan): Promise<LoadResult> {
    if (from === undefined) throw new RangeError('the instance has no address');
    return this.ask({ to: METADATA_ADDRESS, from, sources: addresses.length }, plan, [
      'ip',
      'netns',
      'exec',
      instance.name,
    ]);
  }

  /** Asks from wherever a command given before the program's own takes it. @throws {CommandError} */
  async ask(route: LoadRoute, plan: LoadPlan, within: readonly string[] = []): Promise<LoadResult> {
    const [command = this.#program, ...words] = [...within, this.#program, ...optionsOf(route), ...optionsOf(plan)];
    return parseResult(await runCommand(command, words, { timeoutMs: plan.seconds * 1000 + GRACE_MS }));
  }
}

/** The program's options are the names of the figures in its own spelling. */
function optionsOf(figures: LoadRoute | LoadPlan): readonly string[] {
  return Object.entries(figures).flatMap(([name, value]: [string, string | number | boolean]) => {
    const option = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    if (value === false) return [];
    return value === true ? [option] : [option, String(value)];
  });
}

/** Reads the document the load generator prints. */
export function parseResult(text: string): LoadResult {
  const { histogram, ...figures } = JSON.parse(text) as Omit<LoadResult, 'latency'> & {
    readonly histogram: readonly (readonly [number, number])[];
  };
  return { ...figures, latency: new Histogram(histogram) };
}
