// Needs root: network namespaces and BPF. Each step of a reload fails in turn.
import { after, before, describe } from 'node:test';
import { needsRoot } from '../kit/node.ts';
import { ChangeSite } from './change-site.ts';
import { RELOAD_ROWS } from './reload-rows.ts';
import { testRows } from './row.ts';

describe('a fault of a reload:', needsRoot, () => {
  let site: ChangeSite;
  before(async () => {
    site = await ChangeSite.open('tcx');
  });
  after(() => site.close());
  testRows(RELOAD_ROWS, (inject) => site.around(inject));
});
