// Needs root: network namespaces and BPF. Processes of the daemon die, hang, lack what they need, or are abused.
import { after, before, describe } from 'node:test';
import { needsRoot } from '../kit/node.ts';
import { OtherVersion } from '../kit/other-version.ts';
import { Strikes } from '../kit/strikes.ts';
import { NodeSite } from './node-site.ts';
import { PING, PROCESS_ROWS } from './process-rows.ts';
import { testRows } from './row.ts';

describe('a fault of processes:', needsRoot, () => {
  let site: NodeSite;
  before(async () => {
    const version = new OtherVersion();
    const strikes = new Strikes(version);
    strikes.before('cli/worker.js', /return send\(\{ type: 'pong'/, PING);
    site = await NodeSite.open({ version, strikes });
    site.node.undo('version', () => version.remove());
  });
  after(() => site.close());
  testRows(PROCESS_ROWS, (inject) => site.around(inject));
});
