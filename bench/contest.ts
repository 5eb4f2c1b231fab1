/** Both contenders in turn, pair after pair, under the same loads. The spine of the cases that compare them. */
import type { BenchContext } from './case.ts';
import { CONTENDERS } from './contest/contenders.ts';
import { type Compared, compare, type Pair } from './contest/figures.ts';
import { type LoadRun, type NamedLoad, runContender } from './contest/run.ts';
import { startEchoAgent } from './echo-agent.ts';
import { LoadGenerator, type LoadPlan } from './load.ts';
import type { Tool } from './requirements.ts';

export const CONTEST_TOOLS: readonly Tool[] = [
  { command: 'ip', package: 'iproute2' },
  { command: 'iptables-restore', package: 'iptables' },
  { command: 'haproxy', package: 'haproxy' },
  { command: 'gcc', package: 'gcc libc6-dev' },
];

export interface Contest {
  /** Word for files and messages. */
  readonly name: string;
  readonly pairs: number;
  /** Addresses that ask in turn. */
  readonly addresses: number;
  readonly warmUp: LoadPlan;
  /**
   * The loads in their order; those at a rate are told what the incumbent of the same pair could do in the first.
   *
   * @param capacity requests per second of the incumbent in the first load
   */
  readonly loads: (capacity: number) => readonly NamedLoad[];
}

export interface ContestFigures {
  readonly pairs: readonly Pair[];
  readonly compared: readonly Compared[];
}

/** @throws {Error} when a contender does not start, or answers nothing */
export async function holdContest(context: BenchContext, contest: Contest): Promise<ContestFigures> {
  const agentSocket = await startEchoAgent(context, contest.name);
  const load = await LoadGenerator.compile(context.workspace.path);
  const { addresses, warmUp } = contest;
  const setting = { context, load, agentSocket, addresses, warmUp };
  const pairs: Pair[] = [];
  const [theirs, ours] = CONTENDERS;
  while (pairs.length < contest.pairs) {
    const of = `pair ${pairs.length + 1} of ${contest.pairs}`;
    context.progress(`${of}: ${theirs.name}`);
    const haproxy = await runContender(setting, theirs, (done) => nextLoad(contest, done, done));
    context.progress(`${of}: ${ours.name}`);
    const metasteer = await runContender(setting, ours, (done) => nextLoad(contest, haproxy, done));
    pairs.push({ haproxy, metasteer });
  }
  return { pairs, compared: compare(pairs) };
}

/** Before the incumbent's capacity is known, only the first load is, which does not depend on it. */
function nextLoad({ loads }: Contest, incumbent: readonly LoadRun[], done: readonly LoadRun[]): NamedLoad | undefined {
  return loads(incumbent[0]?.perSecond ?? 1)[done.length];
}
