// Needs root: network namespaces and BPF; and libfaketime. The daemon lacks a reader, room on a disk, or the right time.
import { after, before, describe } from 'node:test';
import { needsRoot } from '../kit/node.ts';
import { NodeSite } from './node-site.ts';
import { RESOURCE_ROWS } from './resource-rows.ts';
import { testRows } from './row.ts';

describe('a fault of resources:', needsRoot, () => {
  let site: NodeSite;
  before(async () => {
    site = await NodeSite.open();
  });
  after(() => site.close());
  testRows(RESOURCE_ROWS, (inject) => site.around(inject));
});
