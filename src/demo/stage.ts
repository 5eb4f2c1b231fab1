import { randomBytes, randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { NovaService } from '../nova/server.ts';
import { MetadataAgent } from './agent.ts';
import { demoInventory, type Inventory, type InventoryInstance, inventoryFile, novaInventory } from './inventory.ts';
import { type Family, installNeutronRules } from './neutron-rules.ts';
import type { RunDir } from './run-dir.ts';
import { type Instance, type Router, Topology } from './topology.ts';

const AGENT_SOCKET = 'agent.sock';

/** One tenant of the demo: what Neutron and Nova know, and what was built of it. */
export interface Tenant {
  readonly known: InventoryInstance;
  readonly router: Router;
  readonly instance: Instance;
}

/** Everything around the daemon: what a network node has without us. */
export interface Stage {
  readonly tenants: readonly Tenant[];
  readonly families: readonly Family[];
  readonly agentSocket: string;
  /** Its process. */
  readonly agentPid: number;
  readonly novaUrl: string;
}

/** How the metadata agent is started. */
export interface AgentPlan {
  /** Further settings. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** A command that becomes the agent: it is started with the agent's own as its last arguments. */
  readonly through?: readonly string[];
}

/** Notes how to take something away again; the last noted is taken away first. */
export type Undo = (what: string, action: () => void | Promise<void>) => void;

/** Builds two tenants with the same addresses behind two routers, a metadata agent and a metadata service. */
export async function buildStage(runDir: RunDir, undo: Undo, plan: AgentPlan = {}): Promise<Stage> {
  const inventory = demoInventory();
  const topology = new Topology(runDir);
  undo('namespaces', () => topology.remove());
  const families: readonly Family[] = topology.hasIpv6 ? ['IPv4', 'IPv6'] : ['IPv4'];
  const tenants: Tenant[] = [];
  for (const known of inventory) tenants.push(await buildTenant(topology, known, families));

  const secret = randomBytes(32).toString('hex');
  const nova = await NovaService.start({ inventory: novaInventory(inventory), secret: Buffer.from(secret) });
  undo('metadata service', () => nova.close());
  const agent = await startAgent(runDir, inventory, { secret, novaUrl: nova.url, plan });
  undo('metadata agent', () => agent.stop());
  return { tenants, families, agentSocket: runDir.file(AGENT_SOCKET), agentPid: agent.pid, novaUrl: nova.url };
}

interface AgentSurroundings {
  readonly secret: string;
  readonly novaUrl: string;
  readonly plan: AgentPlan;
}

/** An agent that knows the inventory in the place of Neutron. */
function startAgent(
  runDir: RunDir,
  inventory: Inventory,
  { secret, novaUrl, plan: { settings = {}, through = [] } }: AgentSurroundings,
): Promise<MetadataAgent> {
  const [file, secretFile] = [runDir.file('inventory.json'), runDir.file('secret')];
  writeFileSync(file, inventoryFile(inventory));
  writeFileSync(secretFile, secret, { mode: 0o600 });
  return MetadataAgent.start({
    configFile: runDir.file('agent.yaml'),
    socket: runDir.file(AGENT_SOCKET),
    onSpawn: (pid) => runDir.recordDaemon(pid),
    through,
    settings: {
      admin: { socket: runDir.file('agent-admin.sock') },
      nova: { addresses: [novaUrl], shared_secret_file: secretFile },
      resolver: { source: 'inventory' },
      inventory: { file },
      ...settings,
    },
  });
}

async function buildTenant(topology: Topology, known: InventoryInstance, families: readonly Family[]): Promise<Tenant> {
  const router = await topology.createRouter({
    uuid: known.routerId,
    interface: `qr-${randomUUID().slice(0, 11)}`,
    address: '10.0.0.1/24',
  });
  for (const family of families) await installNeutronRules(router.namespace, family);
  const instance = await topology.createInstance({
    port: router.port,
    name: known.name,
    address: `${known.address}/24`,
    gateway: '10.0.0.1',
    mac: known.mac,
  });
  return { known, router, instance };
}
