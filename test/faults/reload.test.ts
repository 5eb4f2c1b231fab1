import { ChangeSite } from './change-site.ts';
import { RELOAD_ROWS } from './reload-rows.ts';
import { faultSuite } from './row.ts';

faultSuite('a fault of a reload:', RELOAD_ROWS, () => ChangeSite.open('tcx'));
