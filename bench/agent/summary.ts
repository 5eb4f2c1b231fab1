import { type Column, table } from '../../src/cli/table.ts';
import type { AgentFigures, ChainFigures } from '../agent.ts';

const COLUMNS: readonly Column<ChainFigures>[] = [
  { title: 'chain', cell: ({ name }) => name },
  { title: 'requests/s', align: 'right', cell: ({ perSecond }) => Math.round(perSecond.median) },
  { title: 'ratio', align: 'right', cell: ({ ratio }) => ratio.median.toFixed(2) },
  { title: 'of the rounds', cell: ({ ratio }) => `${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)}` },
  { title: 'p50', align: 'right', cell: ({ p50Us }) => ms(p50Us.median) },
  { title: 'p99', align: 'right', cell: ({ p99Us }) => ms(p99Us.median) },
  { title: 'CPU of the agent', align: 'right', cell: ({ agentCpuUs }) => us(agentCpuUs.median) },
  { title: 'of the proxy', align: 'right', cell: ({ proxyCpuUs }) => us(proxyCpuUs.median) },
  { title: 'of the machine', align: 'right', cell: ({ machineCpuUs }) => us(machineCpuUs.median) },
  { title: 'not answered', align: 'right', cell: ({ failed }) => failed },
];

/** The tables for the terminal. */
export function agentSummary({ chains, lookUps, novaDelay, clients, rounds }: AgentFigures): readonly string[] {
  return [
    `${clients} clients, one connection per request, nova takes ${novaDelay}; CPU per request, medians of ${rounds} rounds`,
    ...table(COLUMNS, chains).map((line) => `  ${line}`),
    '',
    `Look-ups for one boot of ${lookUps.requests} requests: ${lookUps.neutron} questions to Neutron, ${lookUps.keystone} to Keystone before`,
  ];
}

function ms(value: number): string {
  return `${(value / 1000).toFixed(1)} ms`;
}

function us(value: number): string {
  return `${Math.round(value)} µs`;
}
