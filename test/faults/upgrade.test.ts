// Needs root: network namespaces and BPF. Each step of an upgrade fails in turn, before the other version's programs are used.
import { after, before, describe } from 'node:test';
import { needsRoot } from '../kit/node.ts';
import { ChangeSite } from './change-site.ts';
import { testRows } from './row.ts';
import { UPGRADE_ROWS } from './upgrade-rows.ts';

describe('a fault of an upgrade:', needsRoot, () => {
  let site: ChangeSite;
  before(async () => {
    site = await ChangeSite.open('tcx');
  });
  after(() => site.close());
  testRows(UPGRADE_ROWS, (inject) => site.around(inject));
});
