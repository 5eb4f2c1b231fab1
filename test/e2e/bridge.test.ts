// Needs root: network namespaces and BPF. Router interfaces behind a Linux bridge, as ML2/linuxbridge makes them.
import { after, before, describe, it } from 'node:test';
import { CHECKS } from '../kernels/checks.ts';
import { Site } from '../kernels/site.ts';
import { needsRoot } from '../kit/node.ts';

describe('with router interfaces and instances on a Linux bridge', needsRoot, () => {
  let site: Site;
  before(async () => {
    site = await Site.build('bridge');
  });
  after(() => site.remove());

  for (const { name, wirings, run } of CHECKS) {
    if (wirings?.includes('bridge') === false) continue;
    it(name, () => run(site));
  }
});
