import { ATTACH_ROWS } from './attach-rows.ts';
import { AttachBench } from './attach-site.ts';
import { faultSuite } from './row.ts';

faultSuite('a fault while an interface is attached:', ATTACH_ROWS, () => AttachBench.open());
