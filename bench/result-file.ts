/** Reads what an earlier run has written. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { messageOf } from '../src/errors.ts';
import type { Report } from './report.ts';

const count = z.number().nonnegative();
const sides = z.object({ haproxy: z.number().optional(), metasteer: z.number(), unit: z.string() });
const bar = z.object({
  name: z.string(),
  limit: z.number(),
  kind: z.enum(['at most', 'at least']).optional(),
  unit: z.string(),
  value: z.number().nullish(),
  verdict: z.enum(['met', 'missed', 'not measured']),
  note: z.string().optional(),
  ifMissed: z.string().optional(),
  headline: z.string().optional(),
  sides: sides.optional(),
});
/** All that the page and the tables need; the figures themselves are the matter of each case. */
const report = z.looseObject({
  format: z.literal(1),
  started: z.iso.datetime(),
  finished: z.iso.datetime(),
  options: z.looseObject({ quick: z.boolean() }),
  machine: z.looseObject({
    cpu: z.string(),
    cores: count,
    memoryBytes: count,
    kernel: z.string(),
    node: z.string(),
    haproxy: z.string().nullable(),
    metasteer: z.string(),
    commit: z.object({ id: z.string(), changed: z.boolean() }).nullable(),
  }),
  surroundings: z.looseObject({ load: z.array(count) }),
  disturbances: z.array(z.string()),
  cases: z.array(
    z.looseObject({
      name: z.string(),
      figures: z.looseObject({}),
      summary: z.array(z.string()),
      bars: z.array(bar),
      notMeasured: z.array(z.string()),
    }),
  ),
});

/** @throws {Error} naming the file and what is wrong with it */
export function readReport(path: string): Report {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`${path} cannot be read: ${messageOf(error)}`);
  }
  return parseReport(text, path);
}

/** @param path for messages @throws {Error} naming it and what is wrong */
export function parseReport(text: string, path: string): Report {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new Error(`${path} is not JSON: ${messageOf(error)}`);
  }
  const parsed = report.safeParse(document);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`${path} is no result of this harness: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  // Checked as far as it is used; the figures are checked by whoever draws them.
  return document as Report;
}

/** Without histograms, which are most of a result and of no use where only figures are compared. */
export function withoutHistograms(value: Report): Report {
  return JSON.parse(JSON.stringify(value, (key, part: unknown) => (key === 'latency' ? undefined : part))) as Report;
}
