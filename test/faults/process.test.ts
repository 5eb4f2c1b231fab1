// Needs root: network namespaces and BPF. Processes of the daemon die, hang, lack what they need, or are abused.
import { after, before, describe } from 'node:test';
import { needsRoot } from '../kit/node.ts';
import { NodeSite } from './node-site.ts';
import { PROCESS_ROWS } from './process-rows.ts';
import { testRows } from './row.ts';

describe('a fault of processes:', needsRoot, () => {
  let site: NodeSite;
  before(async () => {
    site = await NodeSite.open();
  });
  after(() => site.close());
  testRows(PROCESS_ROWS, (inject) => site.around(inject));
});
