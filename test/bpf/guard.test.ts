/** Needs CAP_BPF and CAP_NET_ADMIN (root). Every row of ms_guard through the loaded program. */
import { after, before, describe, test } from 'node:test';
import { GUARD_ROWS } from './guard-rows.ts';
import { ProgramBench } from './program-bench.ts';

describe('ms_guard:', () => {
  let bench: ProgramBench;
  before(async () => {
    bench = await ProgramBench.open('shield');
  });
  after(() => bench.close());

  for (const row of GUARD_ROWS) test(row.name, () => bench.check(row));
});
