import { DISCOVERY_ROWS } from './discovery-rows.ts';
import { NodeSite } from './node-site.ts';
import { faultSuite } from './row.ts';

faultSuite('a fault of routers:', DISCOVERY_ROWS, () => NodeSite.open());
