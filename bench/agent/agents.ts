/** The agents that are compared, each on a socket, asking the same nova. */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { BenchContext } from '../case.ts';
import type { BenchCloud } from './cloud.ts';
import { PythonAgent } from './python-agent.ts';

const CLI = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
const START_MS = 20_000;
const LOG_MAX = 8192;

export interface RunningAgent {
  readonly socket: string;
  readonly processes: () => readonly number[];
  readonly stop: () => Promise<void>;
}

export type AgentKind = 'one-shot' | 'keep-alive' | 'metasteer agent';

/** @throws {Error} when it does not come up, with its last words */
export function startAgent(context: BenchContext, cloud: BenchCloud, kind: AgentKind): Promise<RunningAgent> {
  if (kind === 'metasteer agent') return startOurs(context, cloud);
  return startPython(context, cloud, kind === 'one-shot' ? 'socketserver-agent.py' : 'eventlet-agent.py');
}

/** Agents as Neutron has them; the look-up of ports, there an RPC, is from memory. */
async function startPython(
  { workspace, teardown }: BenchContext,
  { nova, portsFile, secret }: BenchCloud,
  script: string,
): Promise<RunningAgent> {
  const socket = workspace.file(`${script}.sock`);
  const agent = await PythonAgent.start(script, socket, portsFile, new URL(nova).port, secret);
  teardown.add('agent', () => agent.stop());
  return { socket, processes: () => [agent.pid], stop: () => agent.stop() };
}

/** Ours with the defaults of its settings, and instances looked up in Neutron's API. */
async function startOurs(
  { workspace, teardown }: BenchContext,
  { nova, secretFile, openstack }: BenchCloud,
): Promise<RunningAgent> {
  const socket = workspace.file('metasteer-agent.sock');
  const config = workspace.file('agent.yaml');
  const password = workspace.file('password');
  writeFileSync(password, 'a password', { mode: 0o600 });
  writeFileSync(
    config,
    stringify({
      socket,
      // For haproxy's and the worker's user.
      socket_mode: '0666',
      admin: { socket: workspace.file('agent-admin.sock') },
      nova: { addresses: [nova], shared_secret_file: secretFile },
      keystone: {
        url: openstack.keystone.url,
        username: 'metasteer',
        project: 'service',
        password_file: password,
      },
    }),
  );
  const child = spawn(process.execPath, [CLI, 'agent', '-c', config], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-LOG_MAX);
    });
  }
  const ended = new Promise((resolve) => child.once('close', resolve));
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  teardown.add('agent', stop);
  await untilListening(child, socket, () => log);
  return { socket, processes: () => [child.pid ?? 0], stop };
}

async function untilListening(child: ChildProcess, socket: string, log: () => string): Promise<void> {
  const deadline = performance.now() + START_MS;
  while (performance.now() < deadline && child.exitCode === null) {
    if (await answers(socket)) return;
    await sleep(20);
  }
  throw new Error(`metasteer agent does not listen: ${log()}`);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
