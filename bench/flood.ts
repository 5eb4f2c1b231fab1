/**
 * What one tenant notices of another that floods its router or hoards connections: the share of its requests that is answered, and
 * how long they take, with the XDP shield and without.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentStub } from './agent-stub.ts';
import { type Bar, type BenchCase, type BenchContext, type CaseResult, judge, scaled } from './case.ts';
import { floodPlots } from './flood/plots.ts';
import { floodSummary } from './flood/summary.ts';
import { type TroubleMaker, troublesOf } from './flood/troubles.ts';
import { LoadGenerator } from './load.ts';
import { Metasteer } from './metasteer.ts';
import { needed, type Summary } from './statistics.ts';
import { SynFlooder } from './syn-flood.ts';
import { createTenant, type Tenant } from './tenant.ts';

export const flood: BenchCase = {
  name: 'flood',
  about: 'what one tenant notices of another that floods its router or hoards connections',
  tools: [
    { command: 'ip', package: 'iproute2' },
    { command: 'iptables-restore', package: 'iptables' },
    { command: 'gcc', package: 'gcc libc6-dev' },
  ],
  run,
  plots: (figures: FloodFigures) => floodPlots(figures, P99_TIMES_MAX),
};

const SHIELDS = ['off', 'generic'] as const;
type Shield = (typeof SHIELDS)[number];

/** What came of one trouble, over all rounds. */
export interface Troubled {
  readonly shield: Shield;
  readonly trouble: string;
  /** SYNs sent, or connections that were open. */
  readonly amount: Summary;
  readonly requests: number;
  /** Of the requests; 1 is all of them. */
  readonly success: number;
  readonly p50Us: Summary;
  readonly p99Us: Summary;
  /** Over the p99 without trouble of the same round. */
  readonly p99Ratio: Summary;
}

export interface FloodFigures {
  readonly rate: number;
  readonly seconds: number;
  readonly rounds: number;
  readonly troubled: readonly Troubled[];
}

interface Sample {
  readonly shield: Shield;
  readonly trouble: string;
  readonly amount: number;
  readonly started: number;
  readonly ok: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p99Ratio: number;
}

const PLANS = {
  quick: { rounds: 1, seconds: 2 },
  standard: { rounds: 3, seconds: 1.25 },
  thorough: { rounds: 5, seconds: 5 },
};
/** Far from what the proxy can do: what is asked is what the other tenant adds. */
const RATE = 200;
/** So many instances ask, each no more often than the limits of one allow. */
const ASKING = 20;
/** Among the run's routers: beyond those of any fleet. */
const TENANT_INDEX = 2 ** 45;
const START_MS = 30_000;
const CALM_MS = 500;
const P99_TIMES_MAX = 2;

const NOT_MEASURED: readonly string[] = [
  'the incumbent under the same flood: its haproxies and iptables rules know no limits of connections',
  'floods that come in over hardware, where XDP runs before buffers are made',
];

async function run(context: BenchContext): Promise<CaseResult> {
  const { workspace, teardown, progress, options } = context;
  const { rounds, seconds } = scaled(options, PLANS);
  const agent = await AgentStub.start(workspace.file('flood-agent.sock'));
  teardown.add('agent', () => agent.close());
  const load = await LoadGenerator.compile(workspace.path);
  const flooder = await SynFlooder.compile(workspace.path);
  const asking = await createTenant(workspace, { name: 'asking', index: TENANT_INDEX, addresses: ASKING });
  const maker = { tenant: await createTenant(workspace, { name: 'maker', index: TENANT_INDEX + 1 }), flooder, seconds };
  const samples: Sample[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    for (const shield of SHIELDS) {
      progress(`round ${round} of ${rounds}, shield ${shield}`);
      samples.push(...(await inRound(context, { agentSocket: agent.socket, shield, load, asking, maker })));
    }
  }
  const figures = { rate: RATE, seconds, rounds, troubled: troubledOf(samples) };
  return { figures, bars: floodBars(figures), summary: floodSummary(figures), notMeasured: NOT_MEASURED };
}

interface Round {
  readonly agentSocket: string;
  readonly shield: Shield;
  readonly load: LoadGenerator;
  readonly asking: Tenant;
  readonly maker: TroubleMaker;
}

/** All troubles one after the other with one daemon. */
async function inRound({ workspace, teardown }: BenchContext, round: Round): Promise<readonly Sample[]> {
  const { agentSocket, shield, load, asking, maker } = round;
  const guard = shield === 'off' ? {} : { xdp: 'always', xdp_mode: 'generic' };
  const routers = [asking.id, maker.tenant.id];
  const daemon = new Metasteer({ workspace, agentSocket, routers, settings: { guard } });
  teardown.add('daemon', async () => void (await daemon.stop()));
  const samples: Sample[] = [];
  try {
    await daemon.untilSteering(routers.length, START_MS, teardown.signal);
    if (shield !== 'off') await daemon.untilShielded(START_MS, teardown.signal);
    // The first requests are slower: code is compiled, and connections to the agent are opened.
    await load.run(asking, { rate: RATE, seconds: maker.seconds });
    for (const { name, during } of troublesOf(maker, daemon)) {
      teardown.signal.throwIfAborted();
      let asked: Omit<Sample, 'shield' | 'trouble' | 'amount' | 'p99Ratio'> | undefined;
      const amount = await during(async () => {
        const { started, ok, latency } = await load.run(asking, { rate: RATE, seconds: maker.seconds });
        asked = { started, ok, p50Us: latency.percentile(50), p99Us: latency.percentile(99) };
      });
      if (asked === undefined) throw new Error(`nothing was measured during: ${name}`);
      const quiet = samples[0]?.p99Us ?? asked.p99Us;
      samples.push({ shield, trouble: name, amount, ...asked, p99Ratio: asked.p99Us / quiet });
      await sleep(CALM_MS, undefined, { signal: teardown.signal });
    }
  } finally {
    await daemon.stop();
  }
  return samples;
}

function troubledOf(samples: readonly Sample[]): readonly Troubled[] {
  const firsts = samples.filter(
    (sample, index) => samples.findIndex(({ shield, trouble }) => isKind(sample, shield, trouble)) === index,
  );
  return firsts.map((first) => {
    const same = samples.filter(({ shield, trouble }) => isKind(first, shield, trouble));
    const of = (figure: 'amount' | 'p50Us' | 'p99Us' | 'p99Ratio') => needed(same.map((sample) => sample[figure]));
    const requests = sum(same.map(({ started }) => started));
    return {
      shield: first.shield,
      trouble: first.trouble,
      amount: of('amount'),
      requests,
      success: sum(same.map(({ ok }) => ok)) / requests,
      p50Us: of('p50Us'),
      p99Us: of('p99Us'),
      p99Ratio: of('p99Ratio'),
    };
  });
}

function isKind(sample: Sample, shield: Shield, trouble: string): boolean {
  return sample.shield === shield && sample.trouble === trouble;
}

export function floodBars({ troubled }: FloodFigures): readonly Bar[] {
  const unshielded = troubled.filter(({ shield }) => shield === 'off');
  return [
    judge(
      { name: 'requests answered, in the worst trouble, no shield', kind: 'at least', limit: 100, unit: '%' },
      Math.min(...unshielded.map(({ success }) => success * 100)),
    ),
    judge(
      {
        name: 'p99 over the quiet one, in the worst trouble, no shield',
        limit: P99_TIMES_MAX,
        unit: '',
        headline: 'p99 of a tenant whose neighbour floods, quiet = 1',
      },
      Math.max(...unshielded.map(({ p99Ratio }) => p99Ratio.median)),
    ),
  ];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
