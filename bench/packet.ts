/**
 * What a packet costs: in each program by itself, and what others' traffic through a router interface has of us; what is lost
 * when a program is attached.
 */
import { AgentStub } from './agent-stub.ts';
import { type Bar, type BenchCase, type BenchContext, type CaseResult, judge, scaled } from './case.ts';
import { type AttachLoss, measureAttachLoss } from './packet/attach-loss.ts';
import { type Bystander, measureBystanders } from './packet/bystander.ts';
import { measureNewAddresses } from './packet/new-address.ts';
import { packetPlots } from './packet/plots.ts';
import { measureRuns, type ProgramRun } from './packet/runs.ts';
import { packetSummary } from './packet/summary.ts';
import { createTenant } from './tenant.ts';

export const packet: BenchCase = {
  name: 'packet',
  about: 'nanoseconds per packet in each program, and others’ throughput through a router interface',
  tools: [
    { command: 'ip', package: 'iproute2' },
    { command: 'iptables-restore', package: 'iptables' },
    { command: 'iperf3', package: 'iperf3' },
  ],
  run,
  plots: (figures: PacketFigures) => packetPlots(figures, MISS_NS),
};

export interface PacketFigures {
  readonly runs: readonly ProgramRun[];
  readonly bystanders: readonly Bystander[];
  readonly attachLoss: readonly AttachLoss[];
}

/** A bar holds for what is steered; the price of the shield in native mode is many times the noise. */
function pairsOf(steered: number, generic: number, native: number) {
  return { steered, 'shield, generic': generic, 'shield, native': native };
}

const PLANS = {
  quick: { samples: 3, addresses: 1000, repeat: 200_000, megabytes: 300, pairs: pairsOf(6, 3, 1) },
  standard: { samples: 7, addresses: 4000, repeat: 1_000_000, megabytes: 500, pairs: pairsOf(30, 9, 5) },
  thorough: { samples: 9, addresses: 16_000, repeat: 1_000_000, megabytes: 1000, pairs: pairsOf(80, 40, 10) },
};

async function run(context: BenchContext): Promise<CaseResult> {
  const { workspace, teardown, progress, options } = context;
  const plan = scaled(options, PLANS);
  progress('programs by themselves');
  const newAddresses = await measureNewAddresses(plan.addresses);
  const runs = [...(await measureRuns(plan.samples, plan.repeat)), ...newAddresses];
  const agent = await AgentStub.start(workspace.file('packet-agent.sock'));
  teardown.add('agent', () => agent.close());
  const steered = await createTenant(workspace, { name: 'packet', index: TENANT_INDEX });
  const other = await createTenant(workspace, { name: 'other', index: TENANT_INDEX + 1 });
  progress('what attaching loses');
  const attachLoss = await measureAttachLoss(context, steered);
  const bystanders = await measureBystanders(context, { steered, other, agentSocket: agent.socket }, plan);
  const figures = { runs, bystanders, attachLoss };
  return { figures, bars: packetBars(figures), summary: packetSummary(figures), notMeasured: NOT_MEASURED };
}

/** Most that a packet of others may cost. */
const MISS_NS = 60;
/** Among the run's routers: beyond those of any fleet. */
const TENANT_INDEX = 2 ** 46;

const NOT_MEASURED: readonly string[] = [
  'interfaces other than veth: Open vSwitch’s internal ports, hardware',
  'packets that are not in the cache: BPF_PROG_TEST_RUN runs the same one again and again',
  'others’ traffic of many connections, or of small packets alone',
];

export function packetBars({ runs, bystanders }: PacketFigures): readonly Bar[] {
  const misses = runs.filter(({ isMiss }) => isMiss).map(({ ns }) => ns.median);
  const steered = bystanders.find(({ mode }) => mode === 'steered');
  return [
    judge(
      {
        name: 'packet of others in ms_match, median of the slowest',
        limit: MISS_NS,
        unit: 'ns',
        headline: 'a packet of others at the router interface',
      },
      Math.max(...misses),
    ),
    judge(
      {
        name: 'others’ throughput, nothing attached = 1',
        kind: 'at least',
        limit: 0.97,
        unit: '',
        headline: 'others’ throughput, nothing attached = 1',
      },
      steered?.ratio.median,
    ),
  ];
}
