/** The way from an instance to nova and back, with Neutron's agents and ours: how many requests, how fast, at what price. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AGENT_TOOLS, type AgentKind, startAgent } from './agent/agents.ts';
import { type BenchCloud, startBenchCloud } from './agent/cloud.ts';
import { agentPlots } from './agent/plots.ts';
import { agentSummary } from './agent/summary.ts';
import { type Bar, type BenchCase, type BenchContext, type CaseResult, judge, scaled } from './case.ts';
import { CONTENDERS, type ContenderName } from './contest/contenders.ts';
import { type LoadRun, measureLoad } from './contest/run.ts';
import { CONTEST_TOOLS } from './contest.ts';
import { LoadGenerator } from './load.ts';
import { needed, type Summary } from './statistics.ts';
import { createTenant, type Tenant } from './tenant.ts';

export const agent: BenchCase = {
  name: 'agent',
  about: 'the way to nova with Neutron’s agents and ours: throughput, latency, CPU, look-ups',
  tools: [...CONTEST_TOOLS, ...AGENT_TOOLS],
  run,
  plots: (figures: AgentFigures) => agentPlots(figures),
};

/** A proxy with an agent behind it; the first is what the others are compared with. */
const CHAINS: readonly { readonly proxy: ContenderName; readonly agent: AgentKind }[] = [
  { proxy: 'haproxy', agent: 'one-shot' },
  { proxy: 'haproxy', agent: 'keep-alive' },
  { proxy: 'haproxy', agent: 'metasteer agent' },
  { proxy: 'metasteer', agent: 'metasteer agent' },
];

export interface ChainFigures {
  readonly name: string;
  readonly perSecond: Summary;
  /** Requests per second over those of the first chain in the same round. */
  readonly ratio: Summary;
  readonly p50Us: Summary;
  readonly p99Us: Summary;
  /** Processor time per request. */
  readonly agentCpuUs: Summary;
  readonly proxyCpuUs: Summary;
  readonly machineCpuUs: Summary;
  /** Of all rounds. */
  readonly failed: number;
}

/** What one boot costs in questions. */
export interface LookUps {
  readonly requests: number;
  readonly neutron: number;
  readonly keystone: number;
}

export interface AgentFigures {
  readonly novaDelay: string;
  readonly clients: number;
  readonly rounds: number;
  readonly chains: readonly ChainFigures[];
  readonly lookUps: LookUps;
  readonly runs: readonly (LoadRun & { readonly chain: string })[];
}

/** Programs in JavaScript are compiled while they run: what they do in their first seconds is not what they do all day. */
const PLANS = {
  quick: { rounds: 1, warmUp: 3, seconds: 2 },
  standard: { rounds: 5, warmUp: 1, seconds: 1.5 },
  thorough: { rounds: 5, warmUp: 3, seconds: 4 },
};
const NOVA_DELAY = '5ms';
/** Enough for the machine to be busy although everybody waits for nova. */
const CLIENTS = 64;
const ADDRESSES = 100;
const PATH = '/openstack/latest/meta_data.json';
/** Of an instance's first boot with cloud-init (contract.md 5). */
const BOOT_REQUESTS = 28;
/** Among the run's routers: beyond those of any fleet. */
const TENANT_INDEX = 2 ** 43;
const CALM_MS = 500;

const NOT_MEASURED: readonly string[] = [
  'what look-ups cost Neutron’s server: the agents in Python have them from memory, ours asks a stand-in for the API',
  'several workers of the agents in Python; on two processors they share them with everything else',
];

async function run(context: BenchContext): Promise<CaseResult> {
  const { workspace, teardown, progress, options } = context;
  const { rounds, warmUp, seconds } = scaled(options, PLANS);
  const load = await LoadGenerator.compile(workspace.path);
  const tenant = await createTenant(workspace, { name: 'agent', index: TENANT_INDEX, addresses: ADDRESSES });
  const cloud = await startBenchCloud(context, tenant, { delay: NOVA_DELAY });
  const stage = { context, load, tenant, cloud, warmUp, seconds };
  progress('look-ups of one boot');
  const lookUps = await countLookUps(stage);
  const runs: (LoadRun & { chain: string })[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    for (const chain of CHAINS) {
      teardown.signal.throwIfAborted();
      const name = nameOf(chain);
      progress(`round ${round} of ${rounds}: ${name}`);
      runs.push({ chain: name, ...(await runChain(stage, chain)) });
    }
  }
  const figures = { novaDelay: NOVA_DELAY, clients: CLIENTS, rounds, chains: chainFigures(runs), lookUps, runs };
  return { figures, bars: agentBars(figures), summary: agentSummary(figures), notMeasured: NOT_MEASURED };
}

interface Stage {
  readonly context: BenchContext;
  readonly load: LoadGenerator;
  readonly tenant: Tenant;
  readonly cloud: BenchCloud;
  readonly warmUp: number;
  readonly seconds: number;
}

async function runChain(stage: Stage, { proxy, agent: kind }: (typeof CHAINS)[number]): Promise<LoadRun> {
  const { load, tenant, warmUp, seconds } = stage;
  return withChain(stage, proxy, kind, async (measured) => {
    await load.run(tenant, { path: PATH, clients: CLIENTS, seconds: warmUp });
    await sleep(CALM_MS);
    return measureLoad(load, tenant, { name: 'saturated', path: PATH, clients: CLIENTS, seconds }, measured);
  });
}

/** One instance asks so often, with nobody before it. */
async function countLookUps(stage: Stage): Promise<LookUps> {
  const { load, tenant, cloud } = stage;
  const { keystone, neutron } = cloud.openstack;
  const one = { ...tenant, addresses: tenant.addresses.slice(0, 1) };
  return withChain(stage, 'metasteer', 'metasteer agent', async () => {
    const before = { keystone: keystone.asked.length, neutron: neutron.asked.length };
    const { ok } = await load.run(one, { path: PATH, rate: BOOT_REQUESTS, seconds: 1 });
    return {
      requests: ok,
      neutron: neutron.asked.length - before.neutron,
      keystone: keystone.asked.length - before.keystone,
    };
  });
}

async function withChain<Result>(
  { context, tenant, cloud }: Stage,
  proxy: ContenderName,
  kind: AgentKind,
  measure: (measured: Parameters<typeof measureLoad>[3]) => Promise<Result>,
): Promise<Result> {
  const contender = CONTENDERS.find(({ name }) => name === proxy) ?? CONTENDERS[0];
  const started = await startAgent(context, cloud, kind);
  try {
    const running = await contender.start(context, [tenant], started.socket);
    try {
      return await measure({ proxy: running.processes, agent: started.processes });
    } finally {
      await running.stop();
    }
  } finally {
    await started.stop();
  }
}

export function chainFigures(runs: AgentFigures['runs']): readonly ChainFigures[] {
  const names = CHAINS.map(nameOf);
  const first = runs.filter(({ chain }) => chain === names[0]);
  return names.map((name) => {
    const own = runs.filter(({ chain }) => chain === name);
    const of = (figure: (run: LoadRun) => number) => needed(own.map(figure));
    return {
      name,
      perSecond: of(({ perSecond }) => perSecond),
      ratio: needed(own.map(({ perSecond }, round) => perSecond / (first[round]?.perSecond ?? Number.NaN))),
      p50Us: of(({ p50Us }) => p50Us),
      p99Us: of(({ p99Us }) => p99Us),
      agentCpuUs: of(({ agentCpu }) => agentCpu?.total ?? 0),
      proxyCpuUs: of(({ proxyCpu }) => proxyCpu.total),
      machineCpuUs: of(({ machineCpu }) => machineCpu.total),
      failed: own.reduce((sum, { started, ok }) => sum + started - ok, 0),
    };
  });
}

export function agentBars({
  chains,
  lookUps,
  runs,
}: Omit<AgentFigures, 'novaDelay' | 'clients' | 'rounds'>): readonly Bar[] {
  const [oneShot, keepAlive, , ours] = chains;
  const perSecond = (name: string | undefined) =>
    runs.filter(({ chain }) => chain === name).map((each) => each.perSecond);
  const theirs = perSecond(keepAlive?.name);
  const overKeepAlive = perSecond(ours?.name).map((each, round) => each / (theirs[round] ?? Number.NaN));
  const atLeast = (name: string, limit: number, value: number | undefined) =>
    judge({ name, kind: 'at least', limit, unit: '' }, value);
  const sides = (other: ChainFigures | undefined) =>
    other && ours ? { sides: { haproxy: other.perSecond.median, metasteer: ours.perSecond.median, unit: '/s' } } : {};
  return [
    {
      ...atLeast('requests per second, haproxy with the one-shot agent = 1', 4, ours?.ratio.median),
      headline: 'requests per second to nova, with the agent since 2025.1',
      ...sides(oneShot),
    },
    {
      ...atLeast('requests per second, haproxy with the keep-alive agent = 1', 2, needed(overKeepAlive).median),
      headline: 'requests per second to nova, with the agent before',
      ...sides(keepAlive),
    },
    judge({ name: 'CPU of `metasteer agent` per request', limit: 400, unit: 'µs' }, ours?.agentCpuUs.median),
    judge({ name: 'look-ups per boot (Neutron’s agent since 2025.1: 56)', limit: 2, unit: '' }, lookUps.neutron),
  ];
}

function nameOf({ proxy, agent: kind }: (typeof CHAINS)[number]): string {
  return `${proxy} → ${kind}`;
}
