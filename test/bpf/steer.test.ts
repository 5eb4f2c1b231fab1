/** Needs CAP_BPF and CAP_NET_ADMIN (root). Every row of ms_steer through the loaded program. */
import { after, before, describe, test } from 'node:test';
import { ProgramBench } from './program-bench.ts';
import { STEER_ROWS } from './steer-rows.ts';

describe('ms_steer:', () => {
  let bench: ProgramBench;
  before(async () => {
    bench = await ProgramBench.open('in');
  });
  after(() => bench.close());

  for (const row of STEER_ROWS) test(row.name, () => bench.check(row));
});
