// Needs the shim, but no privileges. The wire tests once more, with the clients' sockets in the hands of the front.
import { serveOverFront } from './worker.ts';

const WIRE = [
  'access-log',
  'body',
  'connection',
  'head',
  'hostile-clients',
  'link-local',
  'loss',
  'mutation',
  'rate-limit',
  'refuse',
  'reply',
  'slow-clients',
] as const;

serveOverFront();
for (const name of WIRE) await import(`./${name}.test.js`);
await import('../faults/overload.test.js');
