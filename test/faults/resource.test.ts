import { NodeSite } from './node-site.ts';
import { RESOURCE_ROWS } from './resource-rows.ts';
import { faultSuite } from './row.ts';

faultSuite('a fault of resources:', RESOURCE_ROWS, () => NodeSite.open());
