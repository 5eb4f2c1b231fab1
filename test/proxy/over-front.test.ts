// Needs the shim, but no privileges. The wire tests once more, with the sockets in the hands of the front.
import { serveOverFront } from './worker.ts';

const WIRE = [
  'access-log',
  'agent-connection',
  'body',
  'census',
  'client-mac',
  'connection',
  'exchange',
  'head',
  'hostile-clients',
  'link-local',
  'loss',
  'mutation',
  'queue',
  'rate-limit',
  'refuse',
  'reply',
  'retire',
  'slow-clients',
  'tracer',
] as const;

serveOverFront();
for (const name of WIRE) await import(`./${name}.test.js`);
await import('../faults/overload.test.js');
