import { ChangeSite } from './change-site.ts';
import { faultSuite } from './row.ts';
import { PROGRAM_ROWS } from './upgrade-rows.ts';

for (const attach of ['tcx', 'clsact'] as const)
  faultSuite(`a fault of an upgrade by ${attach}:`, PROGRAM_ROWS, () => ChangeSite.open(attach));
