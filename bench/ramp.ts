/** What a request costs as ports grow, and as idle connections do: the same rate, of one tenant, all the time. */
import type { BenchCase, BenchContext, CaseResult } from './case.ts';
import { CONTEST_TOOLS } from './contest.ts';
import { startEchoAgent } from './echo-agent.ts';
import { LoadGenerator } from './load.ts';
import { rampBars } from './ramp/bars.ts';
import { rampIncumbent } from './ramp/incumbent.ts';
import { rampMetasteer } from './ramp/metasteer.ts';
import { planOf, type RampFigures, type RampStage } from './ramp/plan.ts';
import { rampPlots } from './ramp/plots.ts';
import { rampSummary } from './ramp/summary.ts';
import { RouterFleet } from './routers.ts';
import { createTenant } from './tenant.ts';

export const ramp: BenchCase = {
  name: 'ramp',
  about: 'what a request costs as routers grow, and as idle connections do, beside haproxy',
  tools: CONTEST_TOOLS,
  run,
  plots: (figures: RampFigures) => rampPlots(figures),
};

/** Among the run's routers: beyond those of any fleet. */
const TENANT_INDEX = 2 ** 42;

const NOT_MEASURED: readonly string[] = [
  'more than 1,000 idle connections at haproxy: as Neutron runs it, it takes 1,024 in all (maxconn)',
  'requests that come to many ports at once',
];

async function run(context: BenchContext): Promise<CaseResult> {
  const { workspace, teardown } = context;
  const plan = planOf(context.options);
  const stage: RampStage = {
    ...context,
    plan,
    agentSocket: await startEchoAgent(context, 'ramp'),
    load: await LoadGenerator.compile(workspace.path),
    tenant: await createTenant(workspace, { name: 'ramp', index: TENANT_INDEX, addresses: plan.addresses }),
    fleet: new RouterFleet(workspace, teardown.signal),
  };
  const points = [...(await rampIncumbent(stage)), ...(await rampMetasteer(stage))];
  const figures = { plan, points };
  return { figures, bars: rampBars(figures), summary: rampSummary(figures), notMeasured: NOT_MEASURED };
}
