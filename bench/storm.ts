/** Many instances boot at once: how many get through, with the agents Neutron has and both proxies before them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AGENT_TOOLS, type RunningAgent, startAgent } from './agent/agents.ts';
import { startBenchCloud } from './agent/cloud.ts';
import { type Bar, type BenchCase, type BenchContext, type CaseResult, judge } from './case.ts';
import { type Contender, HAPROXY, metasteer } from './contest/contenders.ts';
import { CONTEST_TOOLS } from './contest.ts';
import { BOOT_METADATA } from './storm/documents.ts';
import { type AgentName, type Storm, stormFigures } from './storm/figures.ts';
import { Guests, MANNERS, type Manners } from './storm/guests.ts';
import { stormPlots } from './storm/plots.ts';
import { stormSummary } from './storm/summary.ts';
import { createTenant, type Tenant } from './tenant.ts';

export const storm: BenchCase = {
  name: 'storm',
  about: 'many instances boot at once: how many get through, beside haproxy, with agents as Neutron has them',
  tools: [...CONTEST_TOOLS, ...AGENT_TOOLS],
  run,
  plots: (figures: StormFigures) => stormPlots(figures),
};

export interface StormFigures {
  readonly storms: readonly Storm[];
}

const FULL = [20, 100, 300] as const;
const QUICK = [20, 50] as const;
const MODERATE = 100;
/** With the keep-alive agent nobody gets a 503, so one kind of guests is enough: the one that forgives least. */
const KINDS: Readonly<Record<AgentName, readonly Manners[]>> = {
  'one-shot': Object.keys(MANNERS) as Manners[],
  'keep-alive': ['give-up'],
};
/** In turn. metasteer has the defaults of its configuration, its limits among them. */
const CONTENDERS: readonly Contender[] = [HAPROXY, metasteer()];
/** Among the run's routers: beyond those of any fleet. */
const TENANT_INDEX = 2 ** 40;
const CALM_MS = 500;

const NOT_MEASURED: readonly string[] = [
  'what neutron-server needs to look up a port: both agents have an inventory instead (contract.md 2.2: two calls per request)',
  'nova’s own time: the embedded nova answers faster than nova does',
  'guests that ask over IPv6 first',
  'instances behind several routers; one tenant’s storm is the worst case for its own instances',
];

async function run(context: BenchContext): Promise<CaseResult> {
  const { workspace, options } = context;
  const sizes = options.guests ?? (options.quick ? QUICK : FULL);
  const guests = await Guests.compile(workspace.path);
  const addresses = Math.max(...sizes);
  const tenant = await createTenant(workspace, { name: 'storm', index: TENANT_INDEX, addresses });
  const cloud = await startBenchCloud(context, tenant, { metadata: BOOT_METADATA });
  const storms: Storm[] = [];
  for (const name of ['one-shot', 'keep-alive'] as const) {
    const agent = await startAgent(context, cloud, name);
    const some = name === 'keep-alive' ? [moderate(sizes)] : sizes;
    for (const contender of CONTENDERS) {
      storms.push(...(await inTurn(context, { name, agent, contender, tenant, guests, sizes: some })));
    }
    await agent.stop();
  }
  return { figures: { storms }, bars: stormBars({ storms }), summary: stormSummary(storms), notMeasured: NOT_MEASURED };
}

/** The largest up to 100: with the keep-alive agent more of them show nothing but more time. */
function moderate(sizes: readonly number[]): number {
  return Math.max(...sizes.filter((size) => size <= MODERATE), Math.min(...sizes));
}

interface Turn {
  readonly name: AgentName;
  readonly agent: RunningAgent;
  readonly contender: Contender;
  readonly tenant: Tenant;
  readonly guests: Guests;
  readonly sizes: readonly number[];
}

/** One proxy before one agent: every number of guests of every kind. */
async function inTurn(context: BenchContext, turn: Turn): Promise<readonly Storm[]> {
  const { name, agent, contender, tenant, guests, sizes } = turn;
  const { teardown, progress } = context;
  const running = await contender.start(context, [tenant], agent.socket);
  const storms: Storm[] = [];
  try {
    for (const size of sizes) {
      for (const manners of KINDS[name]) {
        await sleep(CALM_MS, undefined, { signal: teardown.signal });
        progress(`${name} agent, ${contender.name}: ${size} guests that ${MANNERS[manners]}`);
        const result = await guests.boot(tenant, { guests: size, manners });
        storms.push(stormFigures({ agent: name, contender: contender.name, manners }, result));
      }
    }
  } finally {
    await running.stop();
  }
  return storms;
}

export function stormBars({ storms }: StormFigures): readonly Bar[] {
  return (['one-shot', 'keep-alive'] as const).map((name) => {
    const these = storms.filter(({ agent }) => agent === name);
    const most = Math.max(...these.map(({ guests }) => guests));
    const worst = (contender: Contender['name']) =>
      Math.max(...these.filter((each) => each.contender === contender).map(({ failed }) => failed));
    return judge(
      {
        name: `failed boots with the ${name} agent, up to ${most} at once, the worst storm`,
        limit: 0,
        unit: '',
        note: `haproxy: ${worst('haproxy')}`,
      },
      worst('metasteer'),
    );
  });
}
