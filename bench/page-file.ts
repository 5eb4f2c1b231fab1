import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { BenchCase } from './case.ts';
import type { Report } from './report.ts';

/**
 * Writes the page with the plots. Only here is the plotting library loaded, which is there for development alone.
 *
 * @returns the whole path
 * @throws {Error} when it cannot be written, or the library is not installed
 */
export async function writePage(report: Report, cases: readonly BenchCase[], file: string): Promise<string> {
  const { reportPage } = await import('./html/page.ts').catch((error: unknown) => {
    if (!isMissing(error)) throw error;
    throw new Error('the package echarts is not installed; in a clone, npm install gets it');
  });
  const path = resolve(file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, reportPage(report, cases));
  return path;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
}
