/**
 * Memory, start-up and readiness against the number of routers: one daemon beside one haproxy per router, on the same
 * routers, in one run. First the haproxies, then the daemon with none, few, many routers.
 */
import { PYTHON } from './agent/python-agent.ts';
import { AgentStub } from './agent-stub.ts';
import type { BenchCase, BenchContext, CaseResult } from './case.ts';
import { type DensityFigures, densityBars } from './density/bars.ts';
import { measureIncumbent } from './density/incumbent.ts';
import { measureMetasteer } from './density/metasteer.ts';
import { planOf } from './density/plan.ts';
import { densityPlots } from './density/plots.ts';
import { densitySummary, NOT_MEASURED } from './density/summary.ts';
import { Incumbent } from './incumbent.ts';
import { RouterFleet } from './routers.ts';
import { TrialRouter } from './trial-router.ts';

export const density: BenchCase = {
  name: 'density',
  about: 'memory, start-up and readiness against the number of routers, beside one haproxy per router',
  tools: [
    { command: 'haproxy', package: 'haproxy' },
    { command: 'ip', package: 'iproute2' },
    { command: 'iptables-restore', package: 'iptables' },
    { command: 'bpftool', package: 'bpftool' },
    { command: PYTHON, package: 'python3' },
  ],
  run,
  plots: (figures: DensityFigures) => densityPlots(figures),
};

async function run(context: BenchContext): Promise<CaseResult> {
  const { workspace, teardown, progress } = context;
  const { signal } = teardown;
  const plan = planOf(context.options);
  const agent = await AgentStub.start(workspace.file('agent.sock'));
  teardown.add('agent', () => agent.close());
  const trial = await TrialRouter.create(workspace, signal);
  teardown.add('trial router', () => trial.close());
  const stage = { ...context, plan, agentSocket: agent.socket, trial, fleet: new RouterFleet(workspace, signal) };

  const incumbent = await measureIncumbent(stage, await Incumbent.prepare(workspace, agent.socket));
  const metasteer = [await measureMetasteer(stage, 0)];
  for (const routers of plan.routers) {
    progress(`making routers until there are ${routers}`);
    await stage.fleet.grow(routers);
    metasteer.push(await measureMetasteer(stage, routers));
  }
  const figures = { plan, incumbent, metasteer };
  return {
    figures,
    bars: densityBars(figures),
    summary: densitySummary(figures),
    notMeasured: NOT_MEASURED,
  };
}
