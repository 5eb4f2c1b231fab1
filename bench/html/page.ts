/** The report as one page that needs nothing else: no script, no network, light and dark. */
import type { Bar, BenchCase } from '../case.ts';
import type { Plot } from '../plot.ts';
import { figureText, headLines, limitText, missedLines, type Report, type ReportedCase } from '../report.ts';
import { chartSvg } from './chart.ts';
import { STYLE } from './style.ts';

/** @param cases those of this version, which know what their figures look like drawn */
export function reportPage(report: Report, cases: readonly BenchCase[]): string {
  const sections = report.cases.map((each) =>
    caseSection(
      each,
      cases.find(({ name }) => name === each.name),
    ),
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>metasteer beside haproxy: ${escaped(report.started.slice(0, 10))}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>metasteer beside haproxy</h1>
<p class="about">One daemon for all routers of a node, beside one haproxy per router. Both in one run on one machine.</p>
${facts(report)}
${warnings(report)}
<h2>Bars</h2>
<p class="about">What the project claims, and whether this run bears it out.</p>
${barTable(report.cases)}
${sections.join('\n')}
<footer>Made from ${escaped(fileName(report))} by <code>npm run bench</code>; docs/benchmarks.md says how each figure is measured.</footer>
</main>
</body>
</html>
`;
}

function facts(report: Report): string {
  const { machine, started, finished, options } = report;
  const minutes = Math.max(1, Math.round((Date.parse(finished) - Date.parse(started)) / 60_000));
  const [hardware = '', ...software] = headLines(report);
  const rows: readonly (readonly [string, string])[] = [
    ['Machine', hardware],
    ['Kernel', `Linux ${machine.kernel}`],
    ['Software', software.join(', ')],
    ['Run', `${started.slice(0, 16).replace('T', ' ')} UTC, ${minutes} min${kindOf(options)}`],
    ['Load before', machine.cores === 0 ? '' : report.surroundings.load.map((each) => each.toFixed(2)).join(', ')],
  ];
  return `<dl class="facts">${rows.map(([name, text]) => `<dt>${name}</dt><dd>${escaped(text)}</dd>`).join('')}</dl>`;
}

function kindOf({ quick, thorough }: Report['options']): string {
  return quick ? ', quick: few and short measurements' : thorough === true ? ', thorough' : '';
}

function warnings({ disturbances, options }: Report): string {
  const lines = [
    ...(options.quick ? ['A quick run: it shows that everything works, and its figures are rough.'] : []),
    ...disturbances,
  ];
  if (lines.length === 0) return '';
  return `<div class="warning">${lines.map((line) => `<p>${escaped(line)}</p>`).join('')}</div>`;
}

function barTable(cases: readonly ReportedCase[]): string {
  const rows = cases.flatMap(({ name, bars }) => bars.map((bar) => barRow(name, bar)));
  return `<div class="scroll"><table>
<thead><tr><th></th><th>Case</th><th>Claim</th><th class="number">haproxy</th><th class="number">metasteer</th><th class="number">Value</th><th>Bar</th><th>Note</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table></div>${missedList(cases)}`;
}

function missedList(cases: readonly ReportedCase[]): string {
  const lines = cases.flatMap(({ name, bars }) => missedLines(bars).map((line) => `${name}, ${line}`));
  if (lines.length === 0) return '';
  return `<h3 style="margin-top:16px">Missed</h3><ul>${lines.map((line) => `<li>${escaped(line)}</li>`).join('')}</ul>`;
}

/** The verdict has a sign and a word beside its colour. */
const VERDICTS: Readonly<Record<Bar['verdict'], readonly [sign: string, style: string]>> = {
  met: ['✓', 'met'],
  missed: ['✗', 'missed'],
  'not measured': ['–', 'missing'],
};

function barRow(name: string, bar: Bar): string {
  const [sign, style] = VERDICTS[bar.verdict];
  const { sides } = bar;
  const side = (value: number | undefined) => (sides && value !== undefined ? figureText(value, sides.unit) : '');
  const numbers = [
    side(sides?.haproxy),
    side(sides?.metasteer),
    bar.value === undefined ? '' : figureText(bar.value, bar.unit),
  ];
  return (
    `<tr><td class="verdict ${style}">${sign} ${bar.verdict}</td><td>${escaped(name)}</td><td>${escaped(bar.name)}</td>` +
    `${numbers.map((text) => `<td class="number">${escaped(text)}</td>`).join('')}` +
    `<td style="white-space:nowrap">${escaped(limitText(bar))}</td><td>${escaped(bar.note ?? '')}</td></tr>`
  );
}

function caseSection(result: ReportedCase, known: BenchCase | undefined): string {
  const about = known === undefined ? '' : `<p class="about">${escaped(sentence(known.about))}</p>`;
  return `<section>
<h2>${escaped(result.name)}</h2>
${about}
${drawn(result, known)}
<details><summary>Tables</summary><pre>${escaped(result.summary.join('\n'))}</pre></details>
<h3 style="margin-top:16px">Not measured</h3>
<ul>${result.notMeasured.map((line) => `<li>${escaped(line)}</li>`).join('')}</ul>
</section>`;
}

/** A file of another version may have figures that this version cannot draw; its tables are still right. */
function drawn({ figures }: ReportedCase, known: BenchCase | undefined): string {
  let plots: readonly Plot[];
  try {
    plots = known?.plots?.(figures) ?? [];
  } catch {
    return '<p class="note">These figures are of another version and cannot be drawn; the tables have them.</p>';
  }
  return `<div class="plots">${plots.map(plotFigure).join('\n')}</div>`;
}

function plotFigure(plot: Plot): string {
  const note = plot.note === undefined ? '' : `<figcaption class="note">${escaped(plot.note)}</figcaption>`;
  const svg = chartSvg(plot).replace('<svg', `<svg role="img" aria-label="${escaped(plot.title)}"`);
  return `<figure><h3>${escaped(plot.title)}</h3>${svg}${note}</figure>`;
}

function fileName({ started }: Report): string {
  return `the run of ${started}`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
