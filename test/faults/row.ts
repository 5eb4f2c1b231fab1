import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { generator } from '../kit/generator.ts';
import { needsRoot } from '../kit/node.ts';

/** One thing that goes wrong. Together the three sentences are the test's name. */
export interface FaultRow<Place> {
  readonly fault: string;
  readonly when: string;
  /** What must hold then, beside the state afterwards being that of before. */
  readonly holds: string;
  /** Why it cannot be run here. */
  readonly skip?: false | string;
  readonly inject: (place: Place, random: () => number) => Promise<void>;
}

/** Decides about the order, and about what is random inside a row. */
const SEED = Number(process.env['FAULT_SEED'] ?? 1);
/** A row that hangs is a fault of its own. */
const ROW_MS = 60_000;
/** How long rows are repeated at random, after each has had its turn. */
const SECONDS = Number(process.env['FAULT_SECONDS'] ?? 0);

export function titleOf({ fault, when, holds }: Pick<FaultRow<never>, 'fault' | 'when' | 'holds'>): string {
  return `${fault}, ${when}: ${holds}`;
}

/** Where rows take place, one after the other. */
export interface FaultSite<Place> {
  /** Runs a row, and compares the state afterwards with the one before. */
  around(inject: (place: Place) => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

/** A suite of rows that share a site. Needs root. */
export function faultSuite<Place>(
  title: string,
  rows: readonly FaultRow<Place>[],
  open: () => Promise<FaultSite<Place>>,
): void {
  describe(title, needsRoot, () => {
    let site: FaultSite<Place>;
    before(async () => {
      site = await open();
    });
    after(() => site.close());
    testRows(rows, (inject) => site.around(inject));
  });
}

/**
 * Makes a test of every row, in an order that the seed decides.
 *
 * @param around runs a row at a place of its own choosing, and compares the state there
 */
export function testRows<Place>(
  rows: readonly FaultRow<Place>[],
  around: (inject: (place: Place) => Promise<void>) => Promise<void>,
): void {
  const random = generator(SEED);
  const run = (row: FaultRow<Place>) => around((place) => row.inject(place, random));
  for (const row of shuffled(rows, random))
    it(titleOf(row), { timeout: ROW_MS, skip: row.skip ?? false }, () => run(row));
  if (SECONDS === 0) return;
  const runnable = rows.filter(({ skip = false }) => skip === false);
  it(`at random for ${SECONDS} s, seed ${SEED}`, { timeout: (SECONDS + 120) * 1000 }, async () => {
    const end = performance.now() + SECONDS * 1000;
    for (const done: string[] = []; performance.now() < end; ) {
      const row = runnable[Math.floor(random() * runnable.length)];
      assert.ok(row);
      done.push(titleOf(row));
      await run(row).catch((error) => {
        throw new Error(`after ${done.slice(-5).join('; ')}`, { cause: error });
      });
    }
  });
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, place: random() }))
    .sort((one, other) => one.place - other.place)
    .map(({ item }) => item);
}
