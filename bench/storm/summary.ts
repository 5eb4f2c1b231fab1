import { type Column, table } from '../../src/cli/table.ts';
import { type AgentName, STORM_AGENTS, type Storm } from './figures.ts';
import { MANNERS } from './guests.ts';

const COLUMNS: readonly Column<Storm>[] = [
  { title: 'at once', align: 'right', cell: ({ guests }) => guests },
  { title: 'guests that', cell: ({ manners }) => MANNERS[manners] },
  { title: 'proxy', cell: ({ contender }) => contender },
  { title: 'failed', align: 'right', cell: ({ failed }) => failed },
  {
    title: 'last good boot',
    align: 'right',
    cell: ({ lastGoodSeconds: last }) => (last === undefined ? '-' : `${last.toFixed(1)} s`),
  },
  { title: 'requests', align: 'right', cell: ({ attempts }) => attempts },
  { title: 'p50', align: 'right', cell: ({ p50Us }) => `${(p50Us / 1000).toFixed(1)} ms` },
  { title: 'p99', align: 'right', cell: ({ p99Us }) => `${(p99Us / 1000).toFixed(1)} ms` },
  { title: 'what failed', cell: ({ reasons }) => reasonsText(reasons) },
];

/** A table per agent for the terminal; what was alike stands together. */
export function stormSummary(storms: readonly Storm[]): readonly string[] {
  const agents = [...new Set(storms.map(({ agent }) => agent))];
  return agents.flatMap((agent: AgentName, index) => [
    ...(index === 0 ? [] : ['']),
    `Agent ${STORM_AGENTS[agent]}`,
    ...table(COLUMNS, alike(storms.filter((storm) => storm.agent === agent))).map((line) => `  ${line}`),
  ]);
}

function alike(storms: readonly Storm[]): readonly Storm[] {
  const kinds = Object.keys(MANNERS);
  return storms.toSorted((a, b) => a.guests - b.guests || kinds.indexOf(a.manners) - kinds.indexOf(b.manners));
}

/** What happened at the probe, and later, wherever that was. */
function reasonsText(reasons: Storm['reasons']): string {
  const counts = new Map<string, number>();
  for (const [reason, count] of Object.entries(reasons)) {
    const short = reason.replace(/ at document \d+$/, ' later');
    counts.set(short, (counts.get(short) ?? 0) + count);
  }
  return [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .map(([reason, count]) => `${count}× ${reason}`)
    .join(', ');
}
