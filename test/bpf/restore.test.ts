/** Needs CAP_BPF and CAP_NET_ADMIN (root). Every row of ms_restore through the loaded program. */
import { after, before, describe, test } from 'node:test';
import { ProgramBench } from './program-bench.ts';
import { RESTORE_ROWS } from './restore-rows.ts';

describe('ms_restore:', () => {
  let bench: ProgramBench;
  before(async () => {
    bench = await ProgramBench.open('out');
  });
  after(() => bench.close());

  for (const row of RESTORE_ROWS) test(row.name, () => bench.check(row));
});
