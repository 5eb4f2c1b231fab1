/** Agents as Neutron has them, each with the embedded nova behind it, for all instances of a tenant. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PythonAgent } from '../agent/python-agent.ts';
import type { BenchContext } from '../case.ts';
import { LineProcess } from '../line-process.ts';
import type { Tenant } from '../tenant.ts';

/** Generations of agents (contract.md 2.3). */
export const STORM_AGENTS = {
  'one-shot': { script: 'socketserver-agent.py', about: 'as since 2025.1: one request per connection, backlog of 5' },
  'keep-alive': { script: 'eventlet-agent.py', about: 'as until 2024.2: connections are kept, backlog of 4096' },
} as const;

export type AgentName = keyof typeof STORM_AGENTS;

export interface StormAgent {
  readonly socket: string;
  readonly stop: () => Promise<void>;
}

const CLI = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
const NOVA_START_MS = 20_000;
const SECRET = 'a secret of agent and nova';
const PROJECT = '0f3c1d7a9e8b4c56a1d2e3f405162738';
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJmUY0lE0n3H0d3VbM5z0x1p9q4w2s6t8u0v1w2x3y4z bench';
const USER_DATA = '#cloud-config\nhostname: bench\n';

/** Starts an agent and its nova, each a process of its own. @throws {Error} when one does not come up */
export async function startStormAgent(
  { workspace, teardown }: BenchContext,
  name: AgentName,
  tenant: Tenant,
): Promise<StormAgent> {
  const file = (suffix: string) => workspace.file(`storm-${name}-${suffix}`);
  const instances = tenant.addresses.map((address, index) => ({
    address,
    uuid: `5a1c9f0e-3b7d-4c52-9d5e-${hex(index)}`,
    mac: `fa:16:3e:${hex(index)
      .slice(-6)
      .replace(/..(?!$)/g, '$&:')}`,
  }));
  writeFileSync(file('nova.yaml'), JSON.stringify({ instances: instances.map((each) => novaInstance(each, tenant)) }));
  writeFileSync(file('secret'), SECRET, { mode: 0o600 });
  writeFileSync(file('ports.json'), JSON.stringify(instances.map((each) => agentPort(each, tenant))));

  const files = ['--inventory', file('nova.yaml'), '--secret-file', file('secret')];
  const words = ['demo-nova', ...files, '--listen', '127.0.0.1:0', '--json', '--log-level', 'warn'];
  const nova = new LineProcess(process.execPath, [CLI, ...words]);
  teardown.add('nova', () => nova.close());
  const { url } = JSON.parse(await nova.line(NOVA_START_MS)) as { readonly url: string };

  const { script } = STORM_AGENTS[name];
  const socket = file('agent.sock');
  const agent = await PythonAgent.start(script, socket, file('ports.json'), new URL(url).port, SECRET);
  teardown.add('agent', () => agent.stop());
  return {
    socket,
    stop: async () => {
      await agent.stop();
      nova.close();
    },
  };
}

interface Instance {
  readonly uuid: string;
  readonly address: string;
  readonly mac: string;
}

/** In the words of the inventory of `metasteer demo-nova`; with what cloud-init's 28 documents need. */
function novaInstance({ uuid, address, mac }: Instance, { id }: Tenant) {
  return {
    id: uuid,
    project: PROJECT,
    name: `bench-${address.replaceAll('.', '-')}`,
    ports: [{ router: id, addresses: [address], mac }],
    metadata: { public_keys: { bench: KEY }, user_data: USER_DATA },
  };
}

/** In the words of the agents in bench/agent. */
function agentPort({ uuid, address, mac }: Instance, { id }: Tenant) {
  return { router: id, address, mac, device_id: uuid, tenant_id: PROJECT };
}

function hex(index: number): string {
  return index.toString(16).padStart(12, '0');
}
