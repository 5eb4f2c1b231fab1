import { OtherVersion } from '../kit/other-version.ts';
import { Strikes } from '../kit/strikes.ts';
import { NodeSite } from './node-site.ts';
import { PING, PROCESS_ROWS } from './process-rows.ts';
import { faultSuite } from './row.ts';

faultSuite('a fault of processes:', PROCESS_ROWS, async () => {
  const version = new OtherVersion();
  const strikes = new Strikes(version);
  strikes.before('cli/worker.js', /return send\(\{ type: 'pong'/, PING);
  const site = await NodeSite.open({ version, strikes });
  site.node.undo('version', () => version.remove());
  return site;
});
