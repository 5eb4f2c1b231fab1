/** Steady load and routers that come and go, for long: whether memory, descriptors and maps stay what they are. */
import { PYTHON } from './agent/python-agent.ts';
import type { BenchCase, BenchContext, CaseResult } from './case.ts';
import { startEchoAgent } from './echo-agent.ts';
import { LoadGenerator, type LoadPlan, type LoadResult } from './load.ts';
import { Metasteer } from './metasteer.ts';
import { RouterFleet } from './routers.ts';
import { soakBars, warmUpOf } from './soak/bars.ts';
import { soakPlots } from './soak/plots.ts';
import { type Sample, sampled } from './soak/sample.ts';
import { type SoakLoad, soakSummary } from './soak/summary.ts';
import { createTenant, type Tenant } from './tenant.ts';

export const soak: BenchCase = {
  name: 'soak',
  about: 'steady load while routers come and go: whether memory and descriptors stay what they are',
  tools: [
    { command: 'ip', package: 'iproute2' },
    { command: 'iptables-restore', package: 'iptables' },
    { command: 'bpftool', package: 'bpftool' },
    { command: PYTHON, package: 'python3' },
    { command: 'gcc', package: 'gcc libc6-dev' },
  ],
  onlyWhenNamed: true,
  run,
  plots: (figures: SoakFigures) => soakPlots(figures),
};

export interface SoakFigures {
  readonly minutes: number;
  /** Seconds at the beginning that are not judged. */
  readonly warmUp: number;
  readonly routers: number;
  readonly loads: readonly SoakLoad[];
  readonly samples: readonly Sample[];
}

const MINUTES = 10;
const QUICK_MINUTES = 1;
const ROUTERS = 20;
/** Among the run's routers: beyond those of any fleet. */
const TENANT_INDEX = 2 ** 41;
const ADDRESSES = 20;
const START_MS = 30_000;
/** Within the default limits of so many addresses. */
const LOADS: readonly (Omit<LoadPlan, 'seconds'> & { readonly name: string })[] = [
  { name: 'a connection for each request', rate: 100 },
  { name: 'many requests on each connection', rate: 200, clients: 20, keepAlive: true },
];

async function run(context: BenchContext): Promise<CaseResult> {
  const { workspace, teardown, options, progress } = context;
  const minutes = options.minutes ?? (options.quick ? QUICK_MINUTES : MINUTES);
  const agentSocket = await startEchoAgent(context, 'soak');
  const generator = await LoadGenerator.compile(workspace.path);
  const tenant = await createTenant(workspace, { name: 'soak', index: TENANT_INDEX, addresses: ADDRESSES });
  const fleet = new RouterFleet(workspace, teardown.signal);
  await fleet.grow(ROUTERS);
  const routers = [tenant.id, ...fleet.first(ROUTERS).map(({ id }) => id)];
  const daemon = new Metasteer({ workspace, agentSocket, routers });
  teardown.add('daemon', async () => void (await daemon.stop()));
  try {
    await daemon.untilSteering(routers.length, START_MS, teardown.signal);
    const seconds = minutes * 60;
    const [loads, samples] = await Promise.all([
      Promise.all(LOADS.map((load) => ask(generator, tenant, { ...load, seconds }))),
      sampled({ daemon, fleet, routers: ROUTERS, seconds, signal: teardown.signal, progress }),
    ]);
    await daemon.untilSteering(routers.length, START_MS, teardown.signal);
    const figures = { minutes, warmUp: warmUpOf(seconds), routers: ROUTERS, loads, samples };
    return { figures, bars: soakBars(figures), summary: soakSummary(figures), notMeasured: NOT_MEASURED };
  } finally {
    await daemon.stop();
    await fleet.keep(0);
  }
}

const NOT_MEASURED: readonly string[] = [
  'kernel memory of metasteer alone: /proc/meminfo is about the whole machine, so it is shown and not judged',
  'the agent: the one here does next to nothing',
];

async function ask(
  generator: LoadGenerator,
  tenant: Tenant,
  { name, ...plan }: LoadPlan & { readonly name: string },
): Promise<SoakLoad> {
  const { started, ok, latency, failures, statuses }: LoadResult = await generator.run(tenant, plan);
  const p50Us = latency.percentile(50);
  return { name, started, ok, p50Us, p99Us: latency.percentile(99), failures, statuses, latency: latency.buckets };
}
