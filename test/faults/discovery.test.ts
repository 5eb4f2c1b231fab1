// Needs root: network namespaces and BPF. Routers and their interfaces change, come and go at the worst moment.
import { after, before, describe } from 'node:test';
import { needsRoot } from '../kit/node.ts';
import { DISCOVERY_ROWS } from './discovery-rows.ts';
import { NodeSite } from './node-site.ts';
import { testRows } from './row.ts';

describe('a fault of routers:', needsRoot, () => {
  let site: NodeSite;
  before(async () => {
    site = await NodeSite.open();
  });
  after(() => site.close());
  testRows(DISCOVERY_ROWS, (inject) => site.around(inject));
});
