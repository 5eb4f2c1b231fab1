/** The agents that are compared, each on a socket, asking the same nova. */
import { writeFileSync } from 'node:fs';
import { MetadataAgent } from '../../src/demo/agent.ts';
import type { BenchContext } from '../case.ts';
import type { Tool } from '../requirements.ts';
import type { BenchCloud } from './cloud.ts';
import { PythonAgent } from './python-agent.ts';

/** What the agents in Python are made of. */
export const AGENT_TOOLS: readonly Tool[] = ['neutron', 'webob', 'netaddr', 'requests'].map((name) => {
  return { command: `/usr/lib/python3/dist-packages/${name}`, package: `python3-${name}` };
});

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
  const agent = await PythonAgent.start(`bench/agent/${script}`, socket, portsFile, new URL(nova).port, secret);
  teardown.add('agent', () => agent.stop());
  return { socket, processes: () => [agent.pid], stop: () => agent.stop() };
}

/** Ours with the defaults of its settings, and instances looked up in Neutron's API. */
async function startOurs(
  { workspace, teardown }: BenchContext,
  { nova, secretFile, openstack }: BenchCloud,
): Promise<RunningAgent> {
  const socket = workspace.file('metasteer-agent.sock');
  const password = workspace.file('password');
  writeFileSync(password, 'a password', { mode: 0o600 });
  const agent = await MetadataAgent.start({
    configFile: workspace.file('agent.yaml'),
    socket,
    settings: {
      admin: { socket: workspace.file('agent-admin.sock') },
      nova: { addresses: [nova], shared_secret_file: secretFile },
      keystone: {
        url: openstack.keystone.url,
        username: 'metasteer',
        project: 'service',
        password_file: password,
      },
    },
  });
  teardown.add('agent', () => agent.stop());
  return { socket, processes: () => [agent.pid], stop: () => agent.stop() };
}
