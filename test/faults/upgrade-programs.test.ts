// Needs root: network namespaces and BPF. Each step of an upgrade fails in turn from where the other version's programs are used.
import { after, before, describe } from 'node:test';
import { needsRoot } from '../kit/node.ts';
import { ChangeSite } from './change-site.ts';
import { testRows } from './row.ts';
import { PROGRAM_ROWS } from './upgrade-rows.ts';

for (const attach of ['tcx', 'clsact'] as const) {
  describe(`a fault of an upgrade by ${attach}:`, needsRoot, () => {
    let site: ChangeSite;
    before(async () => {
      site = await ChangeSite.open(attach);
    });
    after(() => site.close());
    testRows(PROGRAM_ROWS, (inject) => site.around(inject));
  });
}
