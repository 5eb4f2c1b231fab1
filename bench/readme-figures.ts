/** README's table of figures, made of a result file that is kept in docs/results/. */
import type { Bar } from './case.ts';
import { figureText, limitText, type Report } from './report.ts';

const BEGIN = '<!-- figures: written by `npm run figures`, not by hand -->';
const END = '<!-- end of figures -->';
const HEAD = ['| | haproxy | metasteer | ratio | bar | |', '|---|---:|---:|---:|---|---|'];

/** The README with the table between its marks written anew. @throws {Error} when it has no marks */
export function withFigures(readme: string, report: Report, resultPath: string): string {
  const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (begin === -1 || end < begin) throw new Error(`the README has no lines ${BEGIN} and ${END}`);
  const block = figuresBlock(report, resultPath);
  return `${readme.slice(0, begin)}${BEGIN}\n\n${block}\n\n${readme.slice(end)}`;
}

/** A sentence about the run, and a row for every bar with a headline. */
function figuresBlock(report: Report, resultPath: string): string {
  const { machine, options, started, disturbances } = report;
  const rows = report.cases.flatMap(({ bars }) => bars.filter(({ headline }) => headline !== undefined)).map(row);
  const where = `${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel.split(' ')[0]}, ${haproxyText(machine)}`;
  const kind = options.quick
    ? 'From a **quick run, which only shows that everything can be measured**: few and short measurements.'
    : 'From one run.';
  return [
    `${kind} ${started.slice(0, 10)}, ${where}; all of it is in [${resultPath}](${resultPath}).`,
    ...disturbances,
    '',
    ...HEAD,
    ...rows,
  ].join('\n');
}

function row(bar: Bar): string {
  const { headline = '', sides, unit, value } = bar;
  const haproxy = sides?.haproxy;
  const ours = sides === undefined ? value : sides.metasteer;
  const cells = [
    headline,
    haproxy === undefined ? '' : figureText(haproxy, sides?.unit ?? ''),
    ours === undefined ? '' : figureText(ours, sides?.unit ?? unit),
    ratioText(bar),
    limitText(bar),
    bar.verdict,
  ];
  return `| ${cells.join(' | ')} |`;
}

/** The bar's value where that is a ratio: of the pairs, it need not be that of the medians. */
function ratioText({ sides, unit, value }: Bar): string {
  if (sides?.haproxy === undefined || value === undefined) return '';
  return figureText(unit === '' ? value : sides.metasteer / sides.haproxy, '');
}

function haproxyText({ haproxy }: Report['machine']): string {
  return haproxy === null ? 'no haproxy' : haproxy.replace(/^HAProxy version (\S+).*$/, 'haproxy $1');
}
