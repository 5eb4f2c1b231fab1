// Needs root: network namespaces and BPF. Each step of attaching fails in turn.
import { after, before, describe } from 'node:test';
import { needsRoot } from '../kit/node.ts';
import { ATTACH_ROWS } from './attach-rows.ts';
import { AttachBench } from './attach-site.ts';
import { testRows } from './row.ts';

describe('a fault while an interface is attached:', needsRoot, () => {
  let bench: AttachBench;
  before(async () => {
    bench = await AttachBench.open();
  });
  after(() => bench.close());
  testRows(ATTACH_ROWS, (inject) => bench.around(inject));
});
