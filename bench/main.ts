import { Teardown } from '../src/demo/teardown.ts';
import { messageOf } from '../src/errors.ts';
import type { BenchCase } from './case.ts';
import { CASES, chosenCases } from './cases.ts';
import { describeMachine, disturbances, lookAround } from './machine.ts';
import { type CommandLine, parseCommandLine, USAGE } from './options.ts';
import { writePage } from './page-file.ts';
import { defaultPath, type Report, type ReportedCase, reportText, writeReport } from './report.ts';
import { extendPath, isOnPath, missingRequirements } from './requirements.ts';
import { readReport } from './result-file.ts';
import { removeLeftovers, Workspace } from './workspace.ts';

/** Runs the cases one after the other; resolves to the report, or throws at the first that cannot be finished. */
async function bench(cases: readonly BenchCase[], { options }: CommandLine, teardown: Teardown): Promise<Report> {
  const started = new Date().toISOString();
  const machine = await describeMachine();
  const surroundings = lookAround();
  const unrest = disturbances(surroundings, machine.cores);
  for (const each of [
    ...(await removeLeftovers()).map((what) => `removed what an earlier run left: ${what}`),
    ...unrest,
  ]) {
    progress(each);
  }
  const workspace = Workspace.create();
  teardown.add('workspace', () => workspace.remove());
  const results: ReportedCase[] = [];
  for (const { name, run } of cases) {
    const context = { options, workspace, teardown, progress: (text: string) => progress(`${name}: ${text}`) };
    const began = performance.now();
    results.push({ name, ...(await run(context)) });
    context.progress(`took ${Math.round((performance.now() - began) / 1000)} s`);
    teardown.signal.throwIfAborted();
  }
  const finished = new Date().toISOString();
  return { format: 1, started, finished, options, machine, surroundings, disturbances: unrest, cases: results };
}

/** Goes to standard error, so that standard output is the report alone. */
function progress(text: string): void {
  process.stderr.write(`bench: ${text}\n`);
}

/** @returns the exit status: 0 also where a bar was missed, 1 when something could not be measured, 2 for misuse */
async function main(): Promise<number> {
  let commandLine: CommandLine;
  try {
    commandLine = parseCommandLine(
      process.argv.slice(2),
      CASES.map(({ name }) => name),
    );
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n${USAGE}`);
    return 2;
  }
  if (commandLine.list) {
    const only = ({ onlyWhenNamed }: BenchCase) => (onlyWhenNamed ? ' (only when named)' : '');
    process.stdout.write(CASES.map((each) => `${each.name}  ${each.about}${only(each)}\n`).join(''));
    return 0;
  }
  if (commandLine.from !== undefined) return again(commandLine.from, commandLine.html);
  const chosen = chosenCases(commandLine.cases);
  extendPath();
  const tools = chosen.flatMap((each) => each.tools);
  const missing = missingRequirements(tools, process.geteuid?.(), isOnPath);
  for (const line of missing) progress(line);
  if (missing.length > 0) return 1;

  const teardown = new Teardown();
  let report: Report | undefined;
  try {
    report = await bench(chosen, commandLine, teardown);
  } catch (error) {
    progress(messageOf(teardown.signal.aborted ? teardown.signal.reason : error));
  }
  progress('cleaning up');
  const failures = await teardown.run();
  for (const failure of failures) progress(failure);
  if (report === undefined) return 1;
  process.stdout.write(`\n${reportText(report)}`);
  const json = writeReport(report, commandLine.json ?? defaultPath(report));
  progress(`figures are in ${json}`);
  const page = await present(report, commandLine.html ?? beside(json));
  return page && failures.length === 0 ? 0 : 1;
}

/** Text and page of an earlier run. */
async function again(from: string, html: string | undefined): Promise<number> {
  let report: Report;
  try {
    report = readReport(from);
  } catch (error) {
    progress(messageOf(error));
    return 2;
  }
  process.stdout.write(reportText(report));
  return (await present(report, html ?? beside(from))) ? 0 : 1;
}

/** Writes the page, and says where it is or why there is none. */
async function present(report: Report, path: string): Promise<boolean> {
  try {
    progress(`plots are in ${await writePage(report, CASES, path)}`);
    return true;
  } catch (error) {
    progress(`there is no page with plots: ${messageOf(error)}`);
    return false;
  }
}

function beside(json: string): string {
  return `${json.replace(/\.json$/, '')}.html`;
}

process.exitCode = await main();
