import type { ContenderName } from '../contest/contenders.ts';
import type { LineSeries, Plot } from '../plot.ts';
import type { StormFigures } from '../storm.ts';
import type { AgentName, Storm } from './figures.ts';
import { MANNERS, type Manners } from './guests.ts';

const NAMES: readonly ContenderName[] = ['haproxy', 'metasteer'];
const KINDS = Object.keys(MANNERS) as Manners[];

/** Failed boots of every storm, and of the largest of each agent how its boots came to an end. */
export function stormPlots({ storms }: StormFigures): readonly Plot[] {
  const agents = [...new Set(storms.map(({ agent }) => agent))];
  return agents.flatMap((agent) => {
    const these = storms.filter((each) => each.agent === agent);
    return [failedBoots(agent, these), bootsOverTime(agent, these)];
  });
}

function failedBoots(agent: AgentName, storms: readonly Storm[]): Plot {
  const rows = [...new Map(storms.map((each) => [categoryOf(each), each])).entries()];
  return {
    kind: 'bars',
    title: `Failed boots of so many instances at once, ${agent} agent`,
    note: 'Instances differ in what they do at a 503. A boot is good when all its documents came with 200.',
    categories: rows.map(([category]) => category),
    lying: true,
    values: { name: '% of the boots', max: 100 },
    series: NAMES.map((who) => ({
      name: who,
      who,
      values: rows.map(([category]) => {
        const found = storms.find((each) => each.contender === who && categoryOf(each) === category);
        return found && (found.failed / found.guests) * 100;
      }),
    })),
  };
}

function bootsOverTime(agent: AgentName, storms: readonly Storm[]): Plot {
  const most = Math.max(...storms.map(({ guests }) => guests));
  const largest = storms.filter(({ guests }) => guests === most);
  return {
    kind: 'lines',
    title: `Good boots over time, ${most} instances at once, ${agent} agent`,
    note: 'A line ends with the last good boot.',
    x: { name: 'seconds since all began' },
    y: { name: 'good boots' },
    marks: [{ axis: 'y', at: most, name: `all ${most}` }],
    series: largest.map(
      ({ contender, manners, over }): LineSeries => ({
        name: `${contender}: ${MANNERS[manners]}`,
        who: contender,
        variant: KINDS.indexOf(manners),
        points: [[0, 0], ...goodOnly(over)],
      }),
    ),
  };
}

function goodOnly(over: Storm['over']): readonly (readonly [number, number])[] {
  return over.flatMap(([seconds, good], index) =>
    good > (over[index - 1]?.[1] ?? 0) ? [[seconds, good] as const] : [],
  );
}

function categoryOf({ guests, manners }: Storm): string {
  return `${guests}, ${MANNERS[manners]}`;
}
