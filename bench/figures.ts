/**
 * Keeps README's figures and the result they come from together.
 *
 *   npm run figures -- FILE.json    keeps this result in docs/results/, without its histograms, and writes README from it
 *   npm run figures                 writes README from the newest result in docs/results/
 *   npm run figures -- --check      says whether README is what it would be
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '../src/errors.ts';
import { packageRoot } from '../src/kernel/paths.ts';
import { withFigures } from './readme-figures.ts';
import { readReport, withoutHistograms } from './result-file.ts';

const RESULTS = 'docs/results';
const README = join(packageRoot, 'README.md');

/** Takes a result into docs/results/. @returns its path in the repository */
function keep(file: string): string {
  const report = withoutHistograms(readReport(file));
  const path = `${RESULTS}/${report.started.slice(0, 10)}.json`;
  mkdirSync(join(packageRoot, RESULTS), { recursive: true });
  writeFileSync(join(packageRoot, path), `${JSON.stringify(report, null, 1)}\n`);
  return path;
}

/** @throws {Error} when there is none */
function newest(): string {
  const names = readdirSync(join(packageRoot, RESULTS)).filter((name) => name.endsWith('.json'));
  const last = names.sort().at(-1);
  if (last === undefined) throw new Error(`${RESULTS} has no result; npm run figures -- FILE.json takes one`);
  return `${RESULTS}/${last}`;
}

/** @returns the exit status: 1 where README is stale */
function main(): number {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { check: { type: 'boolean' } } });
  const [file] = positionals;
  if (positionals.length > 1 || (file !== undefined && values.check === true))
    throw new Error('one result file, or --check alone');
  const path = file === undefined ? newest() : keep(file);
  const readme = readFileSync(README, 'utf8');
  const fresh = withFigures(readme, readReport(join(packageRoot, path)), path);
  if (values.check !== true) writeFileSync(README, fresh);
  else if (fresh !== readme) {
    process.stderr.write(`README.md has other figures than ${path}: run npm run figures\n`);
    return 1;
  }
  return 0;
}

try {
  process.exitCode = main();
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 2;
}
