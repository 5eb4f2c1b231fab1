import { ChangeSite } from './change-site.ts';
import { faultSuite } from './row.ts';
import { UPGRADE_ROWS } from './upgrade-rows.ts';

faultSuite('a fault of an upgrade:', UPGRADE_ROWS, () => ChangeSite.open('tcx'));
