import { parseArgs } from 'node:util';
import type { BenchOptions } from './case.ts';

export const USAGE = `usage: npm run bench -- [CASE...] [--quick | --thorough] [--json FILE] [--html FILE]
       npm run bench -- --from FILE [--html FILE]
  --list         name the cases
  --quick        fewer sizes and trials
  --thorough     longer and more often than fits into a quarter of an hour
  --json FILE    where the figures go; by default bench/out/<time>.json
  --html FILE    where the page with the plots goes; by default beside the figures
  --from FILE    make text and page again from the figures of an earlier run, and run nothing
  --routers LIST numbers of routers, as in 10,100
  --attach MODE  tcx or clsact instead of what the daemon takes by itself
  --haproxies N  start at most N haproxies, 100 by default; figures for more are extrapolated
  --guests LIST  numbers of instances that boot at once, as in 20,300
  --minutes N    how long the case soak takes
`;

export interface CommandLine {
  readonly list: boolean;
  /** Names of cases; none means all but those that are run only when named. */
  readonly cases: readonly string[];
  readonly json?: string;
  readonly html?: string;
  /** A result of an earlier run; then nothing is run. */
  readonly from?: string;
  readonly options: BenchOptions;
}

const ROUTERS_MAX = 16_000;
/** So many addresses the instance of a tenant can have. */
const GUESTS_MAX = 1000;
const MINUTES_MAX = 1440;

/** Reads the arguments. @throws {Error} saying what is wrong with them */
export function parseCommandLine(args: readonly string[], known: readonly string[]): CommandLine {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      list: { type: 'boolean' },
      quick: { type: 'boolean' },
      thorough: { type: 'boolean' },
      json: { type: 'string' },
      html: { type: 'string' },
      from: { type: 'string' },
      routers: { type: 'string' },
      haproxies: { type: 'string' },
      attach: { type: 'string' },
      guests: { type: 'string' },
      minutes: { type: 'string' },
    },
  });
  const unknown = positionals.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`no such case: ${unknown.join(', ')}; there is ${known.join(', ')}`);
  const { json, html, from, routers, haproxies, attach, guests, minutes } = values;
  if (attach !== undefined && attach !== 'tcx' && attach !== 'clsact')
    throw new Error(`--attach: expected tcx or clsact, not ${attach}`);
  if (values.quick === true && values.thorough === true)
    throw new Error('--quick and --thorough contradict each other');
  if (from !== undefined && (positionals.length > 0 || json !== undefined))
    throw new Error('--from takes the cases of the file as they are, and writes no figures');
  return {
    list: values.list === true,
    cases: [...new Set(positionals)],
    ...(json === undefined ? {} : { json }),
    ...(html === undefined ? {} : { html }),
    ...(from === undefined ? {} : { from }),
    options: {
      quick: values.quick === true,
      ...(values.thorough === true ? { thorough: true } : {}),
      ...(attach === undefined ? {} : { attach }),
      ...(routers === undefined ? {} : { routers: sizes('--routers', routers, ROUTERS_MAX) }),
      ...(haproxies === undefined ? {} : { haproxies: whole('--haproxies', haproxies, ROUTERS_MAX) }),
      ...(guests === undefined ? {} : { guests: sizes('--guests', guests, GUESTS_MAX) }),
      ...(minutes === undefined ? {} : { minutes: whole('--minutes', minutes, MINUTES_MAX) }),
    },
  };
}

function sizes(option: string, text: string, most: number): readonly number[] {
  const numbers = new Set(text.split(',').map((each) => whole(option, each, most)));
  return [...numbers].sort((a, b) => a - b);
}

function whole(option: string, text: string, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= most) return value;
  throw new Error(`${option}: expected whole numbers from 1 to ${most}, not ${text}`);
}
