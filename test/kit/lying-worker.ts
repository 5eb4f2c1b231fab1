/** A worker's program that plays its part until it is asked something, and then attacks its supervisor. For OtherVersion. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { OtherVersion } from './other-version.ts';

/** What it does with its messages, its standard output and its standard error. */
export const LIES = {
  /** 8 MiB, valid in form as it once was. */
  'a status of ports that it has not': `
    if (asked.type === 'status') {
      const refused = { 'a name': 1, 'another name': 2, 'one more name': 3 };
      const ports = Array.from({ length: 80000 }, (_, portId) => ({ portId, connections: 1, requests: 1, refused }));
      const nothing = { counts: new Array(15).fill(0), sum: 0 };
      const counts = { accepted: 0, bytes: 0, responses: {}, refused: {}, total: nothing, queue: nothing, agent: nothing };
      const agent = { state: 'unknown', generation: 'unknown', exchangesOpen: 0, queued: 0 };
      say({ type: 'status', request: asked.request, status: { ports, connections: 0, requests: 0, agent, counts } });
    }`,
  'signs of life that nobody asked for': `
    if (asked.type === 'ping') flood(messages, JSON.stringify({ type: 'pong', ping: 0, connections: 0 }) + '\\n');`,
  'a message without end': `
    if (asked.type === 'ping') flood(messages, 'x'.repeat(65536));`,
  'lines of a log that are the supervisor’s': `
    if (asked.type === 'ping' && !flooding) {
      const forged = { level: 'info', time: new Date().toISOString(), pid: process.ppid, role: 'supervisor', msg: 'forged' };
      flood(output, JSON.stringify(forged) + '\\n' + 'forged '.repeat(20000) + '\\r' + JSON.stringify(forged) + '\\n');
      flood(errors, JSON.stringify(forged) + '\\u2028forged\\n');
    }`,
} as const;

const PROGRAM = `
import { Socket } from 'node:net';
const [messages, output, errors] = [3, 1, 2].map((fd) => new Socket({ fd, readable: fd === 3, writable: true }));
for (const each of [messages, output, errors]) each.on('error', () => undefined);
messages.on('close', () => process.exit());
let flooding = false;
function flood(stream, text) {
  flooding = true;
  const pour = () => {
    while (!stream.destroyed && stream.write(text));
  };
  stream.on('drain', pour);
  pour();
}
const say = (message) => messages.write(JSON.stringify(message) + '\\n');
let rest = '';
messages.on('data', (data) => {
  const lines = (rest + data).split('\\n');
  rest = lines.pop();
  for (const line of lines) answer(JSON.parse(line));
});
function answer(asked) {
  if (asked.type === 'start') say({ type: 'started' });
  if (asked.type === 'add-port') say({ type: 'port-listening', portId: asked.port.portId });
  if (asked.type === 'stop') process.exit();
  LIE
  if (asked.type === 'ping') say({ type: 'pong', ping: asked.ping, connections: 0 });
}
`;

/** Has the next workers of a version tell a lie, until what is returned is called. */
export function makeLie(version: OtherVersion, lie: keyof typeof LIES): () => void {
  // Not before its other programs are as they will be.
  const worker = join(dirname(version.main), 'worker.js');
  const honest = readFileSync(worker);
  replace(
    worker,
    PROGRAM.replace('LIE', () => LIES[lie]),
  );
  return () => replace(worker, honest);
}

/** By another file: a worker that loads still has the one from before. */
function replace(path: string, content: string | Buffer): void {
  rmSync(path);
  writeFileSync(path, content, { mode: 0o644 });
}
