import type { AgentFigures, ChainFigures } from '../agent.ts';
import type { BarSeries, Plot } from '../plot.ts';
import type { Summary } from '../statistics.ts';

/** Chains are named by proxy and agent; ours is the last. */
export function agentPlots({ chains, novaDelay, clients }: AgentFigures): readonly Plot[] {
  const categories = chains.map(({ name }) => name);
  const asking = `${clients} clients, one connection per request, nova takes ${novaDelay}.`;
  const spread = 'Bars are medians of the rounds, whiskers the least and the most.';
  return [
    {
      kind: 'bars',
      title: 'Requests answered per second on the way to nova, by proxy and agent',
      note: `${asking} ${spread}`,
      categories,
      lying: true,
      values: { name: 'requests per second' },
      series: byProxy(chains, ({ perSecond }) => perSecond),
    },
    {
      kind: 'bars',
      title: 'p99 on the way to nova, by proxy and agent',
      note: `${asking} ${spread}`,
      categories,
      lying: true,
      values: { name: 'milliseconds' },
      series: byProxy(chains, ({ p99Us: { median, min, max } }) => ({
        median: median / 1000,
        min: min / 1000,
        max: max / 1000,
      })),
    },
    {
      kind: 'bars',
      title: 'Processor time of agent and proxy per request',
      note: 'User and system time of their processes. What the kernel does for them in softirq, nova and the client is not in it.',
      categories,
      lying: true,
      values: { name: 'µs per request' },
      series: [
        { name: 'agent', who: 'other', stack: 'cpu', values: chains.map(({ agentCpuUs }) => agentCpuUs.median) },
        ...byProxy(chains, ({ proxyCpuUs }) => proxyCpuUs).map(
          ({ spread: _, ...series }): BarSeries => ({ ...series, stack: 'cpu' }),
        ),
      ],
    },
  ];
}

/** Two series, each with the chains of its proxy, on one row. */
function byProxy(
  chains: readonly ChainFigures[],
  figure: (chain: ChainFigures) => Pick<Summary, 'median' | 'min' | 'max'>,
): readonly BarSeries[] {
  return (['haproxy', 'metasteer'] as const).map((who) => {
    const own = chains.map((chain) => (chain.name.startsWith(who) ? figure(chain) : undefined));
    return {
      name: who,
      who,
      values: own.map((each) => each?.median),
      spread: own.map((each) => each && [each.min, each.max]),
    };
  });
}
