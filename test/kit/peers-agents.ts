/** Agents of both generations with a metadata service behind them, for end-to-end tests. */
import { writeFileSync } from 'node:fs';
import { PythonAgent } from '../../bench/agent/python-agent.ts';
import { type Inventory, novaInventory } from '../../src/demo/inventory.ts';
import { NovaService } from '../../src/nova/server.ts';
import type { TestNode } from './node.ts';
import type { Peer } from './peers.ts';

/** Which program stands for which generation, and what it needs. */
export const GENERATIONS = {
  'keep-alive': { script: 'bench/agent/eventlet-agent.py', peers: ['python3-neutron'] },
  'one-shot': {
    script: 'bench/agent/socketserver-agent.py',
    peers: ['python3-webob', 'python3-netaddr', 'python3-requests'],
  },
} as const satisfies Record<string, { readonly script: string; readonly peers: readonly Peer[] }>;

export type AgentGeneration = keyof typeof GENERATIONS;

const SECRET = 'a secret of agent and nova';

/** Starts an agent that asks `nova`, whose secret must be ours. */
export function startAgent(
  generation: AgentGeneration,
  socket: string,
  inventory: Inventory,
  nova: NovaService,
): Promise<PythonAgent> {
  const file = `${socket}.json`;
  const known = inventory.map(({ uuid, projectId, routerId, address, mac }) => {
    return { router: routerId, address, mac, device_id: uuid, tenant_id: projectId };
  });
  writeFileSync(file, JSON.stringify(known));
  return PythonAgent.start(GENERATIONS[generation].script, socket, file, new URL(nova.url).port, SECRET);
}

/** Starts the metadata service that these agents can ask. */
export function startNova(inventory: Inventory): Promise<NovaService> {
  return NovaService.start({ inventory: novaInventory(inventory), secret: Buffer.from(SECRET) });
}

/** Starts agent and service for a node's instances; they end with the node. Returns the agent's socket. */
export async function startOnNode(node: TestNode, generation: AgentGeneration): Promise<string> {
  const inventory = node.stage.tenants.map(({ known }) => known);
  const nova = await startNova(inventory);
  node.undo('metadata service', () => nova.close());
  const socket = node.runDir.file('peer.sock');
  const agent = await startAgent(generation, socket, inventory, nova);
  node.undo('agent', () => agent.stop());
  return socket;
}
